/** `npm run check`: everything that can be told about the tree without running the product. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const steps: readonly Step[] = [
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint and format", command: ["biome", "ci", "--error-on-warnings", "."] },
  { name: "proto lint", command: ["buf", "lint"] },
  { name: "proto breaks nothing on main", command: ["buf", "breaking", "--against", ".git#branch=main"] },
  ...readdirSync("proto/released").map((image) => breaksNothingIn(image)),
  { name: "generated code is fresh", command: ["node", ".ci/check-generated.ts"] },
  { name: "import direction", command: ["vitest", "run", "--project", "unit", "test/arch"] },
];

/** Whoever runs a released version must be able to talk to this one: docs/compatibility.md. */
function breaksNothingIn(image: string): Step {
  const version = image.replace(/\.binpb$/, "");
  return {
    name: `proto breaks nothing of ${version}`,
    command: ["buf", "breaking", "--against", `proto/released/${image}`],
  };
}

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
