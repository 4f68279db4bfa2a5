import type { Logger } from "pino";
import type { Clock } from "../domain/micros.ts";

/** How to run a control plane. */
export interface ControlPlaneOptions {
  /**
   * Address for RPC, HOST:PORT; port 0 takes a free one.
   * @default "127.0.0.1:9090"
   */
  listen?: string | undefined;
  /**
   * Address for /healthz, /readyz and /metrics, HOST:PORT.
   * @default "127.0.0.1:9091"
   */
  adminListen?: string | undefined;
  /**
   * Database, "sqlite:PATH" or "mysql://USER:PASSWORD@HOST:PORT/DATABASE" (with "?tls=on": encrypted). Generated keys are
   * kept in the folder of the SQLite file, with MySQL in ./data; several control planes on one database are all given
   * the same keys.
   * @default "sqlite:./data/aibridge.db"
   */
  database?: string | undefined;
  /**
   * Path of an aibridge.yaml; changes to it apply live.
   * @default none: no providers, no MCP servers
   */
  config?: string | undefined;
  /**
   * Variables for `${NAME}` in the configuration file.
   * @default none
   */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Key that data planes present, at least 32 characters.
   * @default the content of gateway.key beside the database, generated if there is none
   */
  gatewayKey?: string | undefined;
  /**
   * Key that opens usage and administration, at least 32 characters.
   * @default the content of admin.key beside the database, generated if there is none
   */
  adminKey?: string | undefined;
  /**
   * PEM file with the certificate of the RPC listener, and the intermediate ones behind it; changes apply live.
   * @default none: plaintext
   */
  tlsCert?: string | undefined;
  /**
   * PEM file with the private key of that certificate, without a passphrase.
   * @default none
   */
  tlsKey?: string | undefined;
  /**
   * PEM file with authorities, one of which must have signed the certificate of whoever calls (mutual TLS).
   * @default callers need no certificate
   */
  tlsClientCa?: string | undefined;
  /**
   * Serve the admin listener by TLS too, with the same certificate. Its clients need none.
   * @default false
   */
  adminTls?: boolean | undefined;
  /**
   * Allow plaintext listeners that other machines can reach.
   * @default false
   */
  insecurePlaintext?: boolean | undefined;
  /**
   * How long open calls may take to finish at shutdown, in milliseconds.
   * @default 10000
   */
  graceMs?: number | undefined;
  /**
   * How often the configuration file is looked at, in milliseconds.
   * @default 500
   */
  configPollMs?: number | undefined;
  /**
   * How often changes by other control planes on the same database are looked for, in milliseconds.
   * @default 250
   */
  changePollMs?: number | undefined;
  /**
   * How often old records are deleted and interceptions without an end are closed, in milliseconds.
   * @default 60000
   */
  maintenanceMs?: number | undefined;
  /**
   * Where logs go.
   * @default nowhere
   */
  logger?: Logger | undefined;
  /**
   * Gives a start up that is waiting for the database; it then rejects with the signal's reason. Does nothing later.
   * @default waits for as long as it takes
   */
  signal?: AbortSignal | undefined;
  /**
   * Tells the time.
   * @default the system's clock
   */
  clock?: Clock | undefined;
}

/** Values of options that were left out. */
export const OPTION_DEFAULTS = {
  listen: "127.0.0.1:9090",
  adminListen: "127.0.0.1:9091",
  database: "sqlite:./data/aibridge.db",
  graceMs: 10_000,
  configPollMs: 500,
  changePollMs: 250,
  maintenanceMs: 60_000,
} as const;
