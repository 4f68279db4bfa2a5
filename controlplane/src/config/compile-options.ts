import { ConfigFileWatch, UnreadableConfigFile } from "@aibridge/proto/config-file";
import { type ListenAddress, listenAddress } from "@aibridge/proto/settings";
import { type Logger, pino } from "pino";
import type { Clock } from "../domain/micros.ts";
import { type DatabaseAddress, databaseAddress } from "../store/open-store.ts";
import { type BootstrapKeys, bootstrapKeys } from "./bootstrap-keys.ts";
import { type ListenerTls, listenerTls } from "./listener-tls.ts";
import { type ControlPlaneOptions, OPTION_DEFAULTS } from "./options.ts";
import { StartError } from "./start-error.ts";

/** Options that are read, checked and complete. */
export interface CompiledOptions {
  readonly address: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly tls: ListenerTls;
  readonly database: DatabaseAddress;
  readonly keys: BootstrapKeys;
  /** Undefined without a configuration file. */
  readonly configWatch: ConfigFileWatch | undefined;
  readonly graceMs: number;
  readonly changePollMs: number;
  readonly maintenanceMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/**
 * Checks options and fills in their defaults. Generates key files where there are none.
 * @throws StartError naming the flag; ConfigFileError for a wrong configuration file
 */
export function compileOptions(options: ControlPlaneOptions): CompiledOptions {
  const address = read("--listen", options.listen ?? OPTION_DEFAULTS.listen, listenAddress);
  const adminAddress = read(
    "--admin-listen",
    options.adminListen ?? OPTION_DEFAULTS.adminListen,
    listenAddress,
  );
  const logger = options.logger ?? pino({ level: "silent" });
  const database = read("--database", options.database ?? OPTION_DEFAULTS.database, databaseAddress);
  return {
    address,
    adminAddress,
    tls: listenerTls(options, { rpc: address, admin: adminAddress }, logger),
    database,
    configWatch: openConfig(options),
    keys: bootstrapKeys(options, database.dataFolder),
    graceMs: options.graceMs ?? OPTION_DEFAULTS.graceMs,
    changePollMs: options.changePollMs ?? OPTION_DEFAULTS.changePollMs,
    maintenanceMs: options.maintenanceMs ?? OPTION_DEFAULTS.maintenanceMs,
    logger,
    signal: options.signal,
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

function openConfig({ config, env = {}, configPollMs }: ControlPlaneOptions): ConfigFileWatch | undefined {
  if (config === undefined) {
    return undefined;
  }
  try {
    return new ConfigFileWatch({ file: config, env, pollMs: configPollMs ?? OPTION_DEFAULTS.configPollMs });
  } catch (error) {
    if (!(error instanceof UnreadableConfigFile)) throw error;
    const reason = (error.cause as Error).message;
    throw new StartError(`--config names ${config}, which cannot be read: ${reason}`, { cause: error });
  }
}
