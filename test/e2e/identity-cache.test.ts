import { expect, test } from "vitest";
import { startActorService } from "../support/actor-service.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** A request that needs to know who is calling, and nothing else of the control plane. */
function listModels(gateway: GatewayUnderTest, token: string): Promise<Response> {
  return fetch(`${gateway.url}/anthropic/v1/models`, { headers: { "x-api-key": token } });
}

/** Freezing costs 1.5 s without a ping answer; the rest is for a busy machine. */
const noticedMs = 2_500;

test("a control plane that stops answering pings puts all known actors in doubt within 1.5 s", async () => {
  await using actors = await startActorService();
  await using gateway = await useGateway({ dataPlaneFlags: ["--actors", actors.url] });
  expect((await listModels(gateway, "some token")).status).toBe(200);
  expect((await listModels(gateway, "some token")).status).toBe(200);
  expect(actors.questions.map(({ credential }) => credential)).toEqual([
    { case: "token", value: "some token" },
  ]);

  gateway.controlPlane.signal("SIGSTOP");
  const frozenAt = performance.now();
  await eventually(async () => {
    expect((await listModels(gateway, "some token")).status).toBe(200);
    return actors.questions.length > 1 || undefined;
  });
  expect(performance.now() - frozenAt).toBeLessThan(noticedMs);
});

test("while the actor service is frozen, known actors are served without waiting and strangers are not", async () => {
  await using gateway = await useGateway();
  expect((await listModels(gateway, gateway.token)).status).toBe(200);
  gateway.controlPlane.signal("SIGSTOP");
  await eventually(() => gateway.dataPlane.output.includes("the configuration service is away") || undefined);
  // The first of them may find out that nobody answers; those behind it know.
  expect((await listModels(gateway, gateway.token)).status).toBe(200);
  const askedAt = performance.now();
  for (let i = 0; i < 20; i++) expect((await listModels(gateway, gateway.token)).status).toBe(200);
  expect(performance.now() - askedAt).toBeLessThan(1_000);

  const stranger = await listModels(gateway, "a token never seen");
  expect(stranger.status).toBe(503);
  expect(Number(stranger.headers.get("retry-after"))).toBeGreaterThan(0);

  gateway.controlPlane.signal("SIGCONT");
  await eventually(async () => (await listModels(gateway, "a token never seen")).status === 401 || undefined);
});

test("a token revoked while the data plane could not be told is refused as soon as it is connected again", async () => {
  await using gateway = await useGateway();
  expect((await listModels(gateway, gateway.token)).status).toBe(200);
  gateway.dataPlane.signal("SIGSTOP");
  expect((await gateway.run("tokens", "revoke", gateway.tokenId)).code).toBe(0);
  await gateway.controlPlane.stop("SIGKILL");
  gateway.dataPlane.signal("SIGCONT");
  await gateway.startControlPlane();
  await eventually(async () => (await listModels(gateway, gateway.token)).status === 401 || undefined);
});
