/**
 * Revokes tokens on one control plane and measures how long a data plane of another one, on the same MariaDB, still
 * takes them. Run it with `node test/faults/revocations.ts [times]`; it fails if one takes a second or longer.
 */
import { AdminService } from "@aibridge/proto";
import { channelInterceptor } from "@aibridge/proto/channel";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";
import { type Twin, useTwin } from "../support/use-twin.ts";

/** Within this time every data plane must refuse a revoked token, in milliseconds. */
export const REVOCATION_LIMIT_MS = 1000;

/** Milliseconds from the answer to RevokeToken on the first control plane to the first refusal at the twin's data plane. */
export async function measureRevocations(
  gateway: GatewayUnderTest,
  twin: Twin,
  times: number,
): Promise<number[]> {
  const transport = createGrpcTransport({
    baseUrl: gateway.controlPlaneUrl,
    interceptors: [channelInterceptor(gateway.adminKey)],
  });
  const admin = createClient(AdminService, transport);
  const measured: number[] = [];
  while (measured.length < times) {
    const { secret, token } = await admin.createToken({ actor: "alice" });
    const served = await ask(gateway, twin, secret);
    if (served !== 200) {
      throw new Error(`a new token is answered ${served}`);
    }
    await admin.revokeToken({ id: token?.id ?? "" });
    const revokedAt = performance.now();
    while ((await ask(gateway, twin, secret)) !== 401) {
      if (performance.now() - revokedAt > 10 * REVOCATION_LIMIT_MS) {
        throw new Error("a revoked token is still taken");
      }
    }
    measured.push(performance.now() - revokedAt);
  }
  return measured;
}

async function ask(gateway: GatewayUnderTest, { url }: Twin, secret: string): Promise<number> {
  const headers = { authorization: `Bearer ${secret}` };
  const response = await send({ ...gateway, url }, "messages", false, { headers });
  await response.arrayBuffer();
  return response.status;
}

if (import.meta.main) {
  await using gateway = await useGateway({ database: "mariadb" });
  await using twin = await useTwin(gateway);
  const measured = await measureRevocations(gateway, twin, Number(process.argv[2] ?? 100));
  const sorted = measured.toSorted((a, b) => a - b);
  const late = sorted.filter((millis) => millis >= REVOCATION_LIMIT_MS).length;
  const [median, longest] = [sorted[sorted.length >> 1], sorted.at(-1)].map((millis) =>
    Math.round(millis ?? 0),
  );
  process.stdout.write(
    `${sorted.length} revocations: median ${median} ms, longest ${longest} ms, ${late} too late\n`,
  );
  process.exitCode = late === 0 ? 0 : 1;
}
