import { setTimeout } from "node:timers/promises";
import { AdminService, ConfigService } from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import { DATABASES, stopMariaDbAfterAll } from "./test-support/databases.ts";
import { useControlPlane } from "./test-support/use-control-plane.ts";

stopMariaDbAfterAll();

const KEYS = { gatewayKey: "g".repeat(32), adminKey: "a".repeat(32) };
const LIMIT_MS = 1000;

describe.each(DATABASES)("two control planes on one $name", ({ make }) => {
  async function useTwo() {
    const { address: database } = await make();
    return [
      await useControlPlane({ database, ...KEYS }),
      await useControlPlane({ database, ...KEYS }),
    ] as const;
  }

  /** What a data plane at a control plane is told, from now on. */
  async function useWatch(controlPlane: Awaited<ReturnType<typeof useControlPlane>>, key?: string) {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const stream = controlPlane.gateway(ConfigService, key).watchConfig({}, { signal: abort.signal });
    const events = stream[Symbol.asyncIterator]();
    expect((await events.next()).value?.event.case).toBe("config");
    return () => Promise.race([events.next(), setTimeout(LIMIT_MS, "nothing in time", { ref: false })]);
  }

  test("a token revoked on one is told to data planes of both, once", async () => {
    const [one, two] = await useTwo();
    const admin = one.admin(AdminService);
    const [first, second] = [
      await admin.createToken({ actor: "alice" }),
      await admin.createToken({ actor: "bob" }),
    ];
    const watches = [await useWatch(one), await useWatch(two)];
    for (const { token } of [first, second]) {
      await admin.revokeToken({ id: token?.id ?? "" });
      for (const next of watches) {
        expect(await next()).toMatchObject({
          value: { event: { value: { scope: { case: "apiKeyId", value: token?.id } } } },
        });
      }
    }
  });

  test("a gateway key revoked on one ends the streams at the other", async () => {
    const [one, two] = await useTwo();
    const admin = one.admin(AdminService);
    const { secret, gatewayKey } = await admin.createGatewayKey({ name: "eu-1" });
    const next = await useWatch(two, secret);
    await admin.revokeGatewayKey({ id: gatewayKey?.id ?? "" });
    const outcome = await next().catch((error: unknown) => ConnectError.from(error).code);
    expect(outcome).toBe(Code.Unauthenticated);
  });
});
