/** Entry of the `aibridge` command: hands the process to `run`. bin/aibridge starts it. */
import { run } from "./run.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has seen enough (`aibridge … | head`): no failure of a command, no reason for a plane to stop.
  if (error.code !== "EPIPE") {
    throw error;
  }
});

process.exitCode = await run(process.argv.slice(2), {
  // biome-ignore lint/style/noProcessEnv: an entry point; everything below gets it as a parameter
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
});
