import { InterceptionOutcome } from "@aibridge/proto";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { apiNames, interceptionId, send } from "../support/requests.ts";
import { useGateway } from "../support/use-gateway.ts";

/** The configuration with the durability under which a request waits for the recorder. */
const waitingForRecorder = {
  config: (url: string) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
recording: { durability: recorder }
`,
};

test("away at start: 503 in each API's shape, then it works as soon as the control plane is there", async () => {
  await using gateway = await useGateway({ controlPlaneAway: true });
  for (const api of apiNames) {
    const refused = await send(gateway, api, false, { headers: { authorization: "Bearer aib_whatever" } });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const shape =
      api === "messages"
        ? { type: "error", error: { type: "overloaded_error" } }
        : { error: { code: "not_ready" } };
    expect(await refused.json()).toMatchObject(shape);
  }
  expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(503);
  expect((await fetch(`${gateway.adminUrl}/healthz`)).status).toBe(200);
  await gateway.startControlPlane();
  const { token } = JSON.parse((await gateway.run("tokens", "create", "--actor", "bob", "--json")).stdout);
  const served = await eventually(async () => {
    const response = await send(gateway, "messages", false, {
      headers: { authorization: `Bearer ${token}` },
    });
    return response.ok ? response : undefined;
  });
  expect((await gateway.interception(interceptionId(served))).interception?.initiatorId).toBe("bob");
});

test("away for a while: traffic goes on, and every record arrives afterwards", async () => {
  await using gateway = await useGateway();
  await (await send(gateway, "messages", false)).text();
  const hold = Promise.withResolvers<void>();
  gateway.provider.next({
    content: "one two three",
    usage: { input: 11, output: 22 },
    delivery: { stall: { afterEvents: 3, until: hold.promise } },
  });
  const open = await send(gateway, "messages", true);
  await gateway.controlPlane.stop("SIGKILL");
  const answers: Response[] = [open];
  for (let i = 0; i < 20; i++) {
    const answer = await send(gateway, "messages", i % 2 === 0);
    expect(answer.status).toBe(200);
    await answer.text();
    answers.push(answer);
  }
  hold.resolve();
  expect(await open.text()).toContain("event: message_stop");
  expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(200);

  await gateway.startControlPlane();
  for (const answer of answers) {
    const { ended, tokenUsages, promptUsages } = await gateway.interception(interceptionId(answer));
    expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
    expect([tokenUsages.length, promptUsages.length]).toEqual([1, 1]);
  }
  expect(await gateway.interceptions()).toHaveLength(answers.length + 1);
});

test("durability recorder, away for a while: new requests are refused, open streams finish, and their records arrive afterwards", async () => {
  await using gateway = await useGateway(waitingForRecorder);
  const hold = Promise.withResolvers<void>();
  gateway.provider.next({
    content: "one two three",
    usage: { input: 11, output: 22 },
    delivery: { stall: { afterEvents: 3, until: hold.promise } },
  });
  const open = await send(gateway, "messages", true);
  await gateway.controlPlane.stop("SIGKILL");

  const refused = await eventually(async () => {
    const response = await send(gateway, "messages", false);
    return response.status === 503 ? response : undefined;
  });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ type: "error", error: { type: "overloaded_error" } });
  // A caller the gateway has not seen at this provider cannot be identified either.
  expect(await (await send(gateway, "chat", false)).json()).toMatchObject({
    error: { code: "actors_unavailable" },
  });
  await eventually(async () =>
    (await fetch(`${gateway.adminUrl}/readyz`)).status === 503 ? true : undefined,
  );

  hold.resolve();
  expect(await open.text()).toContain("event: message_stop");

  await gateway.startControlPlane();
  const { ended, tokenUsages, promptUsages } = await gateway.interception(interceptionId(open));
  expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
  expect(tokenUsages).toMatchObject([{ inputTokens: 11n, outputTokens: 22n }]);
  expect(promptUsages).toHaveLength(1);
  await eventually(async () => ((await send(gateway, "chat", false)).ok ? true : undefined));
  // Whatever was refused while the recorder was away went nowhere and left no unfinished interception behind.
  await eventually(
    async () => (await gateway.interceptions()).every(({ ended: end }) => end !== undefined) || undefined,
  );
});

test("durability recorder, on_failure: pass lets requests through while the recorder is away", async () => {
  await using gateway = await useGateway({
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef] }
recording: { durability: recorder, on_failure: pass }
`,
  });
  await (await send(gateway, "messages", false)).text();
  await gateway.controlPlane.stop("SIGKILL");
  const passed = await send(gateway, "messages", false);
  expect(passed.status).toBe(200);
  await passed.text();
  await gateway.startControlPlane();
  expect((await gateway.interception(interceptionId(passed))).ended?.outcome).toBe(
    InterceptionOutcome.COMPLETED,
  );
});

test("restarted: everything goes on, and nothing is stored twice", async () => {
  await using gateway = await useGateway();
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) {
      const response = await eventually(async () => {
        const one = await send(gateway, "responses", true);
        await one.text();
        return one.ok ? one : undefined;
      });
      ids.push(interceptionId(response));
    }
    expect(await gateway.controlPlane.stop("SIGTERM")).toBe(0);
    await gateway.startControlPlane();
  }
  for (const id of ids) {
    const { ended, tokenUsages, promptUsages } = await gateway.interception(id);
    expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
    expect([tokenUsages.length, promptUsages.length]).toEqual([1, 1]);
  }
});

test("durability recorder, slow: a request waits until its start is acknowledged, and nothing goes upstream before", async () => {
  await using gateway = await useGateway(waitingForRecorder);
  await (await send(gateway, "messages", false)).text();
  const before = gateway.provider.requests.length;
  gateway.controlPlane.signal("SIGSTOP");
  const answer = send(gateway, "messages", false);
  await eventually(async () => {
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return /^aibridge_spool_records 1$/m.test(metrics) || undefined;
  });
  expect(gateway.provider.requests.length).toBe(before);
  gateway.controlPlane.signal("SIGCONT");
  expect((await answer).status).toBe(200);
});

test("frozen: requests are as fast as ever", async () => {
  await using gateway = await useGateway();
  await (await send(gateway, "messages", false)).text();
  gateway.controlPlane.signal("SIGSTOP");
  const startedAt = performance.now();
  const answer = await send(gateway, "messages", true);
  await answer.text();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  gateway.controlPlane.signal("SIGCONT");
  expect((await gateway.interception(interceptionId(answer))).ended?.outcome).toBe(
    InterceptionOutcome.COMPLETED,
  );
});

test("durability recorder, frozen: a start is not waited for without end, and what was refused still ends", async () => {
  await using gateway = await useGateway(waitingForRecorder);
  await (await send(gateway, "messages", false)).text();
  gateway.controlPlane.signal("SIGSTOP");
  const startedAt = performance.now();
  const refused = await send(gateway, "messages", false);
  expect(refused.status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(7_000);
  gateway.controlPlane.signal("SIGCONT");
  await eventually(async () => ((await send(gateway, "messages", false)).ok ? true : undefined));
  await eventually(async () => {
    const all = await gateway.interceptions();
    return all.every(({ ended }) => ended !== undefined) || undefined;
  });
  expect(gateway.provider.requests.filter(({ kind }) => kind === "messages")).toHaveLength(2);
});

test("a data plane that is told to stop finishes what is under way, delivers its records and exits with 0", async () => {
  await using gateway = await useGateway();
  const hold = Promise.withResolvers<void>();
  gateway.provider.next({
    content: "one two three",
    delivery: { stall: { afterEvents: 3, until: hold.promise } },
  });
  const open = await send(gateway, "chat", true);
  const stopped = gateway.dataPlane.stop("SIGTERM");
  await eventually(async () => {
    const refused = await send(gateway, "chat", false).catch(() => "refused");
    return refused === "refused" || undefined;
  });
  hold.resolve();
  expect(await open.text()).toContain("[DONE]");
  expect(await stopped).toBe(0);
  expect((await gateway.interception(interceptionId(open))).ended?.outcome).toBe(
    InterceptionOutcome.COMPLETED,
  );
});
