/**
 * Entry of the control plane.
 *
 * Layout, in the order a call passes through:
 * - `main.ts` flags and environment → options → control plane → signals; `control-plane.ts` puts the parts together
 * - `config/` what the operator says: options, keys, the configuration file and its changes
 * - `server.ts`, `transport/` one port for every protocol, who may call what, errors, metrics
 * - `services/` one thin file for each proto service, and records out of and into messages
 * - `domain/` what the control plane does, without wire types and without SQL
 * - `store/` the database
 */
import { ConfigFileError } from "@aibridge/proto/config-file";
import { type Environment, readCommandLine, UsageError } from "@aibridge/proto/settings";
import { destination, type Logger, pino } from "pino";
import { CONTROL_PLANE_COMMAND } from "./config/command.ts";
import { type ControlPlane, StartError, startControlPlane } from "./index.ts";

const EXIT_OK = 0;
const EXIT_CANNOT_START = 2;
const STDERR = 2;

/**
 * Runs a control plane until SIGTERM or SIGINT.
 * @param argv arguments after "controlplane"
 * @param env environment variables: flags, keys, and `${NAME}` in the configuration file
 * @returns the exit code: 0 after a clean shutdown, 2 when it could not start; a signal while it waits to start is clean
 */
export async function main(argv: readonly string[], env: Environment): Promise<number> {
  const starting = new AbortController();
  try {
    const commandLine = readCommandLine(CONTROL_PLANE_COMMAND, argv, env);
    if (commandLine.help) {
      process.stdout.write(commandLine.text);
      return EXIT_OK;
    }
    const { values } = commandLine;
    const logger = pino({ name: "controlplane", level: values["log-level"] }, destination(STDERR));
    const stop = signalled();
    void stop.then(() => starting.abort());
    const controlPlane = await startControlPlane({
      listen: values.listen,
      adminListen: values["admin-listen"],
      database: values.database,
      config: values.config,
      env,
      gatewayKey: values["gateway-key"],
      adminKey: values["admin-key"],
      tlsCert: values["tls-cert"],
      tlsKey: values["tls-key"],
      tlsClientCa: values["tls-client-ca"],
      adminTls: values["admin-tls"],
      insecurePlaintext: values["insecure-plaintext"],
      logger,
      signal: starting.signal,
    });
    // Without a configuration file the signal keeps its usual meaning: the terminal is gone.
    if (values.config !== undefined) process.on("SIGHUP", () => void controlPlane.rereadConfig());
    announce(controlPlane, values.config);
    await shutDown(controlPlane, await stop, logger);
    return EXIT_OK;
  } catch (error) {
    if (error === starting.signal.reason) return EXIT_OK;
    if (error instanceof UsageError || error instanceof StartError || error instanceof ConfigFileError) {
      process.stderr.write(`aibridge controlplane: ${error.message}\n`);
      return EXIT_CANNOT_START;
    }
    throw error;
  }
}

/** The first signal that asks the process to stop; listened for from before the start, so that none is missed. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, resolve);
    }
  });
}

async function shutDown(controlPlane: ControlPlane, signal: NodeJS.Signals, logger: Logger): Promise<void> {
  logger.info({ signal }, "shutting down");
  await controlPlane.close();
  logger.info("everything is stored; goodbye");
}

/** Tells the operator what is needed next, one line each. */
function announce({ url, adminUrl, keys }: ControlPlane, config: string | undefined): void {
  const lines = [
    `control plane listening on ${url}`,
    `admin (/healthz /readyz /metrics) on ${adminUrl}`,
    `gateway key: ${keys.gateway.file ?? "as given"}`,
    `admin key: ${keys.admin.file ?? "as given"}`,
    config === undefined
      ? "no --config: data planes get no providers"
      : `configuration: ${config} (changes apply live)`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
