import { readFileSync } from "node:fs";
import { ActorService, AdminService, RecorderService, UsageService } from "@aibridge/proto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { codeOf, errorOf } from "../test-support/record-batches.ts";
import { SAMPLE_TIME, sampleInterception, samplePrompt } from "../test-support/sample-records.ts";
import { useControlPlane } from "../test-support/use-control-plane.ts";

const START = Date.UTC(2026, 10, 22);

test("a token resolves to its actor until it is revoked", async () => {
  const controlPlane = await useControlPlane();
  const admin = controlPlane.admin(AdminService);
  const actors = controlPlane.gateway(ActorService);
  const { secret, token } = await admin.createToken({ actor: "alice", name: "laptop" });
  const credential = { case: "token", value: secret } as const;

  expect(secret).toMatch(/^aib_[\w-]{43}$/);
  expect(await actors.resolveActor({ credential })).toMatchObject({
    actor: { id: "alice", name: "alice", apiKeyId: token?.id },
    byokAllowed: true,
    cacheFor: { seconds: 60n },
  });
  await admin.revokeToken({ id: token?.id ?? "" });
  const error = await errorOf(actors.resolveActor({ credential }));
  expect(error?.code).toBe(Code.Unauthenticated);
  expect(error?.message).not.toContain(secret);
});

test("an answer is never kept beyond the token's expiry, an expired token is refused", async () => {
  let now = START;
  const controlPlane = await useControlPlane({ clock: () => now });
  const actors = controlPlane.gateway(ActorService);
  const { secret, token } = await controlPlane
    .admin(AdminService)
    .createToken({ actor: "alice", ttl: { seconds: 90n, nanos: 0 } });
  const credential = { case: "token", value: secret } as const;

  expect(token?.expiresAt?.seconds).toBe(BigInt(START / 1000 + 90));
  expect((await actors.resolveActor({ credential })).cacheFor?.seconds).toBe(60n);
  now += 80_000;
  expect((await actors.resolveActor({ credential })).cacheFor?.seconds).toBe(10n);
  now += 10_000;
  expect(await codeOf(actors.resolveActor({ credential }))).toBe(Code.Unauthenticated);
});

test("what a data plane vouches for is the actor: a trusted id, the sub claim", async () => {
  const actors = (await useControlPlane()).gateway(ActorService);
  const trusted = await actors.resolveActor({ credential: { case: "trustedActorId", value: "bob" } });
  expect(trusted.actor).toMatchObject({ id: "bob", name: "bob", apiKeyId: "" });
  const jwt = await actors.resolveActor({ credential: { case: "jwtClaims", value: { sub: "carol" } } });
  expect(jwt.actor).toMatchObject({ id: "carol", name: "carol", apiKeyId: "" });
});

test.each([
  { credential: { case: "token", value: "aib_unknown" }, code: Code.Unauthenticated },
  { credential: { case: "trustedActorId", value: "" }, code: Code.Unauthenticated },
  { credential: { case: "jwtClaims", value: { sub: 7 } }, code: Code.Unauthenticated },
  { credential: { case: undefined }, code: Code.InvalidArgument },
] as const)("credential $credential is refused", async ({ credential, code }) => {
  const actors = (await useControlPlane()).gateway(ActorService);
  expect(await codeOf(actors.resolveActor({ credential }))).toBe(code);
});

test("tokens are listed newest first, page by page, by actor", async () => {
  const admin = (await useControlPlane()).admin(AdminService);
  for (const [actor, name] of [
    ["alice", "1"],
    ["bob", "2"],
    ["alice", "3"],
    ["alice", "4"],
  ] as const) {
    await admin.createToken({ actor, name });
  }
  const first = await admin.listTokens({ actor: "alice", pageSize: 2 });
  const second = await admin.listTokens({ actor: "alice", pageSize: 2, pageToken: first.nextPageToken });
  expect(first.tokens.map(({ name }) => name)).toEqual(["4", "3"]);
  expect(second.tokens.map(({ name }) => name)).toEqual(["1"]);
  expect(second.nextPageToken).toBe("");
  expect((await admin.listTokens({})).tokens).toHaveLength(4);
});

test("a created gateway key opens the recorder until it is revoked, and is listed either way", async () => {
  const controlPlane = await useControlPlane();
  const admin = controlPlane.admin(AdminService);
  const { secret, gatewayKey } = await admin.createGatewayKey({ name: "eu-1" });
  const recorder = controlPlane.gateway(RecorderService, secret);

  expect(secret).toMatch(/^aibgw_[\w-]{43}$/);
  expect(await codeOf(recorder.recordInterception({}))).toBe(Code.InvalidArgument);
  await admin.revokeGatewayKey({ id: gatewayKey?.id ?? "" });
  expect(await codeOf(recorder.recordInterception({}))).toBe(Code.Unauthenticated);
  const { gatewayKeys } = await admin.listGatewayKeys({});
  expect(gatewayKeys).toMatchObject([{ id: gatewayKey?.id, name: "eu-1", revokedAt: expect.anything() }]);
});

test("revoking twice keeps the first time; what is not there is NOT_FOUND", async () => {
  let now = START;
  const admin = (await useControlPlane({ clock: () => now })).admin(AdminService);
  const { token } = await admin.createToken({ actor: "alice" });
  const id = token?.id ?? "";
  await admin.revokeToken({ id });
  now += 5000;
  await admin.revokeToken({ id });
  const { tokens } = await admin.listTokens({});
  expect(tokens[0]?.revokedAt?.seconds).toBe(BigInt(START / 1000));
  for (const unknown of ["019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c", "x"]) {
    expect(await codeOf(admin.revokeToken({ id: unknown }))).toBe(Code.NotFound);
    expect(await codeOf(admin.revokeGatewayKey({ id: unknown }))).toBe(Code.NotFound);
  }
});

test.each([
  { actor: "" },
  { actor: "  " },
  { actor: "x".repeat(256) },
  { actor: "a\nb" },
  { actor: "a", ttl: { seconds: 0n, nanos: 0 } },
  { actor: "a", ttl: { seconds: -1n, nanos: 0 } },
  { actor: "a", ttl: { seconds: 315_000_000_000n, nanos: 0 } },
])("token %o is refused", async (request) => {
  const admin = (await useControlPlane()).admin(AdminService);
  expect(await codeOf(admin.createToken(request))).toBe(Code.InvalidArgument);
});

test("secrets are nowhere in the database", async () => {
  const controlPlane = await useControlPlane();
  const admin = controlPlane.admin(AdminService);
  const secrets = [
    (await admin.createToken({ actor: "alice" })).secret,
    (await admin.createGatewayKey({ name: "eu-1" })).secret,
  ];
  await controlPlane.close();
  const content = readFileSync(`${controlPlane.folder}/aibridge.db`).toString("latin1");
  expect(content).toContain("alice");
  for (const secret of secrets) {
    expect(content).not.toContain(secret);
  }
});

test("what was recorded about a person can be deleted", async () => {
  const controlPlane = await useControlPlane();
  const [recorder, admin, usage] = [
    controlPlane.gateway(RecorderService),
    controlPlane.admin(AdminService),
    controlPlane.admin(UsageService),
  ];
  const [mine, later, others] = [
    sampleInterception(),
    sampleInterception({ startedAt: timestampFromMs(SAMPLE_TIME + 1000) }),
    sampleInterception({ initiatorId: "bob" }),
  ];
  for (const interception of [mine, later, others]) {
    await recorder.recordInterception({ interception });
    await recorder.recordPromptUsage({ promptUsage: samplePrompt(interception.id) });
  }
  const startedBefore = timestampFromMs(SAMPLE_TIME + 1000);
  expect((await admin.deleteInterceptions({ actor: "alice", startedBefore })).deleted).toBe(1n);
  expect((await admin.deleteInterceptions({ actor: "alice", startedBefore })).deleted).toBe(0n);
  expect(await codeOf(usage.getInterception({ id: mine.id }))).toBe(Code.NotFound);
  const { interceptions } = await usage.listInterceptions({ includeRecords: true });
  expect(interceptions.map(({ interception }) => interception?.id).sort()).toEqual(
    [later.id, others.id].sort(),
  );
  expect(interceptions.map(({ promptUsages }) => promptUsages.length)).toEqual([1, 1]);
  expect(await codeOf(admin.deleteInterceptions({ actor: "", startedBefore }))).toBe(Code.InvalidArgument);
  expect(await codeOf(admin.deleteInterceptions({ actor: "alice" }))).toBe(Code.InvalidArgument);
});
