/**
 * The data plane as a program.
 *
 * Layout: `config/` reads flags and configuration; `gateway.ts` builds everything and says how it hangs together;
 * `ingress/` listens, routes, identifies and answers; `loop/` runs an exchange with a provider; `apis/` understands the
 * providers' protocols; `upstream/` sends; `record/` keeps and delivers records; `control/` talks to the control plane.
 * The README beside `src/` follows one request through these folders.
 */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { Server as TlsServer } from "node:tls";
import { type Environment, type ListenAddress, readCommandLine, UsageError } from "@aibridge/proto/settings";
import { compileOptions } from "./config/compile-options.ts";
import { dataplaneCommand } from "./config/flags.ts";
import { followConfigFile } from "./config/follow-config-file.ts";
import { OptionError } from "./config/option-error.ts";
import type { GatewayOptions } from "./config/options.ts";
import { type DataplaneSettings, dataplaneSettings, type Flags } from "./config/settings.ts";
import { listenerTls, serviceCertificates } from "./config/tls-settings.ts";
import { buildGateway, type Gateway } from "./gateway.ts";
import { createAdminServer } from "./ingress/admin.ts";
import { createClientServer } from "./ingress/server.ts";
import { ConfigError } from "./plan/runtime-config.ts";
import { createLog, type Logger } from "./telemetry/log.ts";
import type { Tracing } from "./telemetry/tracing.ts";

/**
 * Node cuts small buffers out of blocks of so many bytes. The aibridge command has malloc map blocks of this size, so that
 * they go back to the system whole and leave no holes. It is more than one read of an answer and less than Node's own 64
 * KiB, with which a buffer of 26 KB would be cut out of a block too, mapped and unmapped each time: 17 µs in place of 1.
 */
const bufferPoolBytes = 36 * 1024;

/**
 * Runs until SIGTERM or SIGINT.
 * @param argv arguments without the command's name
 * @returns the exit code: 0, or 2 if it could not start as asked
 */
export async function main(argv: readonly string[], env: Environment): Promise<number> {
  try {
    const line = readCommandLine(dataplaneCommand, argv, env);
    if (line.help) {
      process.stdout.write(`${line.text}\n`);
      return 0;
    }
    Buffer.poolSize = bufferPoolBytes;
    const flags = line.values;
    const settings = dataplaneSettings(flags, env);
    const log = createLog(flags["log-level"]);
    const tls = listenerTls(flags, log);
    const certificates = serviceCertificates(flags, serviceUrls(settings), log);
    const tracing = await startTracing(settings, log);
    const gateway = startGateway({ ...settings, certificates, tracing }, flags, log);
    const unfollow = settings.configFile && followConfigFile(settings.configFile, gateway.config);
    const server = createClientServer(gateway.handler, gateway.metrics, {
      tls: tls && { certificates: tls, log },
    });
    const admin = createAdminServer(gateway, flags["admin-tls"] ? tls : undefined);
    // The client listener comes first: who is told "ready" can connect.
    await listen("--listen", server, settings.listen);
    await listen("--admin-listen", admin, settings.adminListen);
    process.stdout.write(`data plane ${settings.gatewayId} serves AI clients on ${urlOf(server)}\n`);
    process.stdout.write(`health and metrics on ${urlOf(admin)}\n`);

    const signal = await stopSignal();
    log.info({ signal }, "shutting down");
    server.close();
    unfollow?.();
    await gateway.close(flags["shutdown-grace"]);
    server.closeAllConnections();
    admin.close();
    admin.closeAllConnections();
    tls?.close();
    certificates?.close();
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`aibridge dataplane: ${error.message}\n`);
    return 2;
  }
}

function serviceUrls({ recorder, actors, toolPolicy, configService }: DataplaneSettings): string[] {
  return [
    ...new Set([recorder, actors, toolPolicy, ...(configService === undefined ? [] : [configService])]),
  ];
}

/** OpenTelemetry is loaded only where traces are on. */
async function startTracing({ traces }: DataplaneSettings, log: Logger): Promise<Tracing | undefined> {
  if (traces === undefined) return undefined;
  const { exportedTracing } = await import("./telemetry/trace-export.ts");
  return exportedTracing(traces, log);
}

function startGateway(
  { configFile, ...settings }: DataplaneSettings & Pick<GatewayOptions, "certificates" | "tracing">,
  flags: Flags,
  log: Logger,
): Gateway {
  const config = configFile?.current.config;
  const metrics = { prefix: flags["metrics-prefix"], initiator: flags["metrics-initiator"], process: true };
  const insecurePlaintext = flags["insecure-plaintext"];
  try {
    return buildGateway(compileOptions({ ...settings, config, log, metrics, insecurePlaintext }));
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`--config: ${error.message}`);
    // Every other option was checked with its flag: what is left is the spool's folder.
    throw error instanceof OptionError ? new UsageError(`--${error.message}`) : error;
  }
}

async function listen(flag: string, server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "the port is in use: stop what uses it or choose another" : code;
    throw new UsageError(`${flag} ${host}:${port}: ${why}`);
  }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${server instanceof TlsServer ? "https" : "http"}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
}
