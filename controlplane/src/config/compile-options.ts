import { isLoopback, type ListenAddress, listenAddress } from "@aibridge/proto/settings";
import { type Logger, pino } from "pino";
import type { Clock } from "../domain/micros.ts";
import { type DatabaseAddress, databaseAddress } from "../store/open-store.ts";
import { type BootstrapKeys, bootstrapKeys } from "./bootstrap-keys.ts";
import { ConfigWatch } from "./config-watch.ts";
import { type ControlPlaneOptions, OPTION_DEFAULTS } from "./options.ts";
import { StartError } from "./start-error.ts";

/** Options that are read, checked and complete. */
export interface CompiledOptions {
  readonly address: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly database: DatabaseAddress;
  readonly keys: BootstrapKeys;
  /** Undefined without a configuration file. */
  readonly configWatch: ConfigWatch | undefined;
  readonly graceMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Checks options and fills in their defaults. Generates key files where there are none.
 * @throws StartError naming the flag; ConfigFileError for a wrong configuration file
 */
export function compileOptions(options: ControlPlaneOptions): CompiledOptions {
  const address = read("--listen", options.listen ?? OPTION_DEFAULTS.listen, listenAddress);
  checkPlaintext(address, options.insecurePlaintext ?? false);
  const database = read("--database", options.database ?? OPTION_DEFAULTS.database, databaseAddress);
  return {
    address,
    adminAddress: read("--admin-listen", options.adminListen ?? OPTION_DEFAULTS.adminListen, listenAddress),
    database,
    configWatch: openConfig(options),
    keys: bootstrapKeys(options, database.dataFolder),
    graceMs: options.graceMs ?? OPTION_DEFAULTS.graceMs,
    logger: options.logger ?? pino({ level: "silent" }),
    clock: options.clock ?? Date.now,
  };
}

function read<T>(flag: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new StartError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}

function checkPlaintext({ host }: ListenAddress, allowed: boolean): void {
  if (!allowed && !isLoopback(host)) {
    throw new StartError(
      `--listen ${host}: keys and records would cross the network unencrypted; listen on 127.0.0.1, or allow it with --insecure-plaintext`,
    );
  }
}

function openConfig({ config, env = {}, configPollMs }: ControlPlaneOptions): ConfigWatch | undefined {
  return config === undefined
    ? undefined
    : new ConfigWatch({ file: config, env, pollMs: configPollMs ?? OPTION_DEFAULTS.configPollMs });
}
