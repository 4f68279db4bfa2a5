/**
 * A host platform's recorder: takes records from data planes and keeps them in a SQLite file. From the repository's folder:
 *
 *   export AIBRIDGE_GATEWAY_KEY=$(openssl rand -hex 32)
 *   npm exec -- node examples/recorder-host-typescript/main.ts --listen 127.0.0.1:9095 --database records.db
 */
import { once } from "node:events";
import { serveRecorder } from "@aibridge/sdk/recorder";
import { RecordStore } from "./record-store.ts";
import { readSettings, WrongSettings } from "./settings.ts";

async function main(): Promise<void> {
  // biome-ignore lint/style/noProcessEnv: this is the program's entry
  const { listen, database, gatewayKey } = readSettings(process.argv.slice(2), process.env);
  using store = new RecordStore(database);
  await using recorder = await serveRecorder({
    listen,
    functions: store,
    keys: [gatewayKey],
    onFailure: (error, name) => process.stderr.write(`${name}: ${String(error)}\n`),
  });
  process.stdout.write(`recorder serves on ${recorder.address}\n`);
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await recorder.close();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof WrongSettings)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
