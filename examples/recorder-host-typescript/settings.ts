import { parseArgs } from "node:util";
import { MIN_KEY_LENGTH } from "@aibridge/sdk/recorder";

/** What the program was told to do. */
export interface Settings {
  /** "127.0.0.1:9095" */
  readonly listen: string;
  /** Path of the SQLite file. */
  readonly database: string;
  readonly gatewayKey: string;
}

/** A command line or an environment that the program cannot use; the message is for who started it. */
export class WrongSettings extends Error {}

/** @throws WrongSettings */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const { listen, database } = readFlags(args);
  const gatewayKey = env.AIBRIDGE_GATEWAY_KEY ?? "";
  if (gatewayKey.length < MIN_KEY_LENGTH) {
    throw new WrongSettings(`AIBRIDGE_GATEWAY_KEY needs ${MIN_KEY_LENGTH} characters or more`);
  }
  if (listen === undefined || database === undefined) {
    throw new WrongSettings("usage: node main.ts --listen 127.0.0.1:9095 --database records.db");
  }
  return { listen, database, gatewayKey };
}

function readFlags(args: readonly string[]) {
  try {
    const options = { listen: { type: "string" }, database: { type: "string" } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new WrongSettings((error as Error).message);
  }
}
