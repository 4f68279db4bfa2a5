/**
 * How long a newcomer waits: a fresh clone, `npm ci` with an empty npm cache, `npm start`, a first answer, and its record
 * read back. Prints the share of the download (`npm ci`) and of aibridge itself. Needs a committed tree and the default
 * ports.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const budgetSeconds = 60;
const folder = mkdtempSync(join(tmpdir(), "aibridge-first-answer-"));
const clone = join(folder, "aibridge");
// Whatever npm told this process of its own project must not reach the clone's npm.
const env: NodeJS.ProcessEnv = Object.fromEntries(
  // biome-ignore lint/style/noProcessEnv: an entry point
  Object.entries(process.env).filter(
    ([name]) => !name.startsWith("npm_") && !/^(ANTHROPIC|OPENAI)_API_KEY$/.test(name),
  ),
);
env.npm_config_cache = join(folder, "npm-cache");

execFileSync("git", ["clone", "--quiet", process.cwd(), clone]);
const download = timed(() =>
  execFileSync("npm", ["ci"], { cwd: clone, env, stdio: ["ignore", "ignore", "inherit"] }),
);
const startedAt = performance.now();
const start = spawn("npm", ["start"], {
  cwd: clone,
  env,
  stdio: ["ignore", "pipe", "inherit"],
  detached: true,
});
try {
  const curl = await printedCurl(start);
  const answer = execFileSync("sh", ["-c", `${curl} --silent --show-error --fail`], { encoding: "utf8" });
  if (!answer.includes('"role":"assistant"')) throw new Error(`unexpected answer: ${answer}`);
  const key = readFileSync(join(clone, "data/admin.key"), "utf8").trim();
  const listed = execFileSync("npx", ["aibridge", "interceptions", "list", "--json", "--admin-key", key], {
    cwd: clone,
    env,
    encoding: "utf8",
  });
  const { interceptions } = JSON.parse(listed) as { interceptions: unknown[] };
  if (interceptions.length !== 1)
    throw new Error(`expected one recorded interception, found ${interceptions.length}`);
  const own = (performance.now() - startedAt) / 1000;
  const total = download + own;
  process.stdout.write(
    `from an empty cache to the first recorded answer: ${total.toFixed(1)} s (budget ${budgetSeconds} s)\n` +
      `  npm ci (download and unpack)   ${download.toFixed(1)} s\n` +
      `  npm start, answer, record read ${own.toFixed(1)} s\n`,
  );
  process.exitCode = total <= budgetSeconds ? 0 : 1;
} finally {
  if (start.pid !== undefined) process.kill(-start.pid, "SIGINT");
  await new Promise((resolve) => start.once("close", resolve));
  rmSync(folder, { recursive: true });
}

function timed(run: () => void): number {
  const begunAt = performance.now();
  run();
  return (performance.now() - begunAt) / 1000;
}

/** The curl command that `npm start` prints, once it has printed everything. */
function printedCurl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const [, command] = /^ *(curl [\s\S]*?)\n\n/m.exec(text) ?? [];
      if (command !== undefined && text.includes("interceptions list")) resolve(command);
    });
    child.once("close", () => reject(new Error(`npm start ended early:\n${text}`)));
  });
}
