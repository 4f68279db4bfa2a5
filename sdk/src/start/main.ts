/**
 * `npm start`: aibridge on this machine, to try it out.
 *
 * Layout: `options.ts` reads flags; `choose-config.ts` finds or writes a configuration; `plane-process.ts` runs a plane;
 * `start.ts` puts them together; `welcome.ts` says what to do next.
 */
import { readCommandLine, UsageError } from "@aibridge/proto/settings";
import { startCommand, startOptions } from "./options.ts";
import { start } from "./start.ts";
import { StartFailure } from "./start-failure.ts";

async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const line = readCommandLine(startCommand, argv, env);
    if (line.help) {
      process.stdout.write(line.text);
      return 0;
    }
    await start(startOptions(line.values, env), stopSignal(), (text) => process.stdout.write(text));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartFailure)) {
      throw error;
    }
    process.stderr.write(`aibridge: ${error.message}\n`);
    return error instanceof UsageError ? error.exitCode : 1;
  }
}

/**
 * Settles at the first request to stop, or when nobody reads the output any more (`npm start | head`). Later ones change
 * nothing: npm passes on what a terminal sent already.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.on("error", () => resolve());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => resolve());
    }
  });
}

// biome-ignore lint/style/noProcessEnv: an entry point; everything below gets it as a parameter
process.exitCode = await main(process.argv.slice(2), process.env);
