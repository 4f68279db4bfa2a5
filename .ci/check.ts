/** `npm run check`: everything that can be told about the tree without running the product. */
import { spawnSync } from "node:child_process";

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const steps: readonly Step[] = [
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint and format", command: ["biome", "ci", "--error-on-warnings", "."] },
  { name: "proto lint", command: ["buf", "lint"] },
  { name: "proto breaking changes", command: ["buf", "breaking", "--against", ".git#branch=main"] },
  { name: "generated code is fresh", command: ["node", ".ci/check-generated.ts"] },
  { name: "import direction", command: ["vitest", "run", "--project", "unit", "test/arch"] },
];

let failed = 0;
for (const { name, command } of steps) {
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  const passed = status === 0;
  process.stdout.write(`${passed ? "ok    " : "FAILED"} ${name}\n`);
  if (passed) continue;
  failed++;
  process.stdout.write(`${stdout}${stderr}`);
}
process.exitCode = failed === 0 ? 0 : 1;
