import { once } from "node:events";
import { createServer } from "node:net";
import { environmentVariable, type ListenAddress, UsageError } from "@aibridge/proto/settings";
import { formatAddress, type StartOptions } from "./options.ts";

/** Checks that nothing listens where the planes will. @throws UsageError naming the address and its flag */
export async function requireFreePorts(options: StartOptions): Promise<void> {
  await requireFree("listen", options.listen);
  await requireFree("admin-listen", options.adminListen);
  await requireFree("controlplane-listen", options.controlplaneListen);
  await requireFree("controlplane-admin-listen", options.controlplaneAdminListen);
}

async function requireFree(flag: string, address: ListenAddress): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host: address.host, port: address.port });
    await once(server, "listening");
  } catch (error) {
    const advice = `choose another with --${flag} HOST:PORT (${environmentVariable(flag)})`;
    throw new UsageError(`${reason(address, error)} ${advice}`);
  }
  server.close();
  await once(server, "close");
}

function reason(address: ListenAddress, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const where = formatAddress(address);
  return code === "EADDRINUSE"
    ? `${where} is already in use (by another npm start?): stop what listens there, or`
    : `${where} cannot be listened on (${code ?? "unknown"}):`;
}
