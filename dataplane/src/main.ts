/**
 * The data plane as a program.
 *
 * Layout: `config/` reads flags and configuration; `gateway.ts` builds everything and says how it hangs together;
 * `ingress/` listens, routes, identifies and answers; `loop/` runs an exchange with a provider; `apis/` understands the
 * providers' protocols; `upstream/` sends; `record/` keeps and delivers records; `control/` talks to the control plane.
 * The README beside `src/` follows one request through these folders.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Environment, type ListenAddress, readCommandLine, UsageError } from "@aibridge/proto/settings";
import { dataplaneCommand } from "./config/flags.ts";
import { dataplaneSettings } from "./config/settings.ts";
import { createGateway } from "./gateway.ts";
import { createAdminServer } from "./ingress/admin.ts";
import { createClientServer } from "./ingress/server.ts";
import { createLog } from "./telemetry/log.ts";

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
    const flags = line.values;
    const settings = dataplaneSettings(flags, env);
    const log = createLog(flags["log-level"]);
    const { config, ...rest } = settings;
    const gateway = createGateway({
      ...rest,
      ...(config && { config }),
      log,
      metricsPrefix: flags["metrics-prefix"],
      metricsInitiator: flags["metrics-initiator"],
    });
    const server = createClientServer(gateway.handler, gateway.metrics);
    const admin = createAdminServer(gateway);
    await listen("--admin-listen", admin, settings.adminListen);
    await listen("--listen", server, settings.listen);
    process.stdout.write(`data plane ${settings.gatewayId} serves AI clients on ${urlOf(server)}\n`);
    process.stdout.write(`health and metrics on ${urlOf(admin)}\n`);

    const signal = await stopSignal();
    log.info({ signal }, "shutting down");
    server.close();
    const undelivered = await gateway.close(flags["shutdown-grace"]);
    server.closeAllConnections();
    admin.close();
    admin.closeAllConnections();
    if (undelivered > 0) log.error({ records: undelivered }, "records could not be delivered");
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`aibridge dataplane: ${error.message}\n`);
    return 2;
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
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
}
