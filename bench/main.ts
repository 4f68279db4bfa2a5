/**
 * `npm run bench`: how much dearer the gateway is than a bare reverse proxy.
 *
 * Layout: workloads.ts says what is measured; base-line.ts, provider.ts and load.ts are processes of their own, started
 * like the gateway by topology/; measure/ runs the rounds, report/ shows what came out; run-bench.ts puts it together.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BenchArgumentError, HELP, readBenchArguments } from "./arguments.ts";
import type { CpuProfile } from "./report/profile.ts";
import { renderProfile } from "./report/render-profile.ts";
import { everythingRecorded, jsonReport, renderReport } from "./report/report.ts";
import { runBench } from "./run-bench.ts";

/** Exit codes: 0 measured; 1 an answer or a record was wrong, or a process failed; 2 the command line is wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const options = readBenchArguments(argv);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const profile = options.profile === undefined ? undefined : resolve(options.profile);
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  // biome-ignore lint/style/noProcessEnv: the entry point hands the environment on to the processes it starts
  const report = await runBench({ ...options, profile }, process.env, showProgress);
  showProgress("");
  process.stdout.write(options.json ? jsonReport(report) : renderReport(report));
  if (profile !== undefined) process.stderr.write(await renderProfiles(profile));
  return everythingRecorded(report.records) ? 0 : 1;
}

/** Shows what is being done in the last line of the terminal; says nothing where there is none. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

async function renderProfiles(folder: string): Promise<string> {
  const root = new URL("../", import.meta.url).href;
  const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile"));
  const texts = files.map(async (name) => {
    const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
    return `${name}\n${renderProfile(profile, root)}`;
  });
  return (await Promise.all(texts)).join("\n");
}

// Exit handlers end what was started; a signal alone would not run them.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  showProgress("");
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = error instanceof BenchArgumentError ? 2 : 1;
}
