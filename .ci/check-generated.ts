/** Generates the protobuf code anew into a temporary folder and compares it with what is committed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const fresh = mkdtempSync(join(tmpdir(), "aibridge-generated-"));
try {
  run("buf", "generate", "-o", fresh);
  run("diff", "-r", join(fresh, "proto/gen"), "proto/gen");
} finally {
  rmSync(fresh, { recursive: true });
}

function run(program: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return;
  process.stdout.write(`${stdout}${stderr}\nrun "npm run generate" and commit the result\n`);
  process.exitCode = 1;
}
