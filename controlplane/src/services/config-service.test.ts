import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AdminService, ConfigService, ToolPolicyService, type WatchConfigResponse } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { codeOf } from "../test-support/record-batches.ts";
import { useControlPlane, useFolder } from "../test-support/use-control-plane.ts";

const yaml = (...names: string[]) =>
  `providers:\n${names.map((name) => `  - { name: ${name}, type: openai, keys: ["\${KEY}"] }\n`).join("")}`;

function useConfigFile(text: string): { config: string; replace(text: string): void } {
  const config = join(useFolder(), "aibridge.yaml");
  writeFileSync(config, text);
  return {
    config,
    replace(next) {
      writeFileSync(`${config}.new`, next);
      renameSync(`${config}.new`, config);
    },
  };
}

const env = { KEY: "sk-secret-of-the-provider" };

function providersOf(response: WatchConfigResponse | undefined): string[] | undefined {
  return response?.event.case === "config"
    ? response.event.value.providers.map(({ name }) => name)
    : undefined;
}

test("the first message is the whole Config, another follows when the file changes", async () => {
  const file = useConfigFile(yaml("one"));
  const controlPlane = await useControlPlane({ config: file.config, env });
  const watch = controlPlane.gateway(ConfigService).watchConfig({ gatewayId: "eu-1", apiVersion: "1.0" });
  const events = watch[Symbol.asyncIterator]();

  const first = (await events.next()).value;
  expect(providersOf(first)).toEqual(["one"]);
  expect(first?.event.value).toMatchObject({ providers: [{ keys: [env.KEY] }] });
  file.replace(yaml("one", "two"));
  const second = (await events.next()).value;

  expect(providersOf(second)).toEqual(["one", "two"]);
});

test("a bad file is refused with its problem logged, and the last good one stays", async () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push(line) });
  const file = useConfigFile(yaml("one"));
  const controlPlane = await useControlPlane({ config: file.config, env, logger });
  const config = controlPlane.gateway(ConfigService);

  file.replace("providers: [{ nme: x }]");
  await vi.waitUntil(() => lines.some((line) => line.includes("refused")));

  expect(lines.join("")).toContain("nme");
  const still = await config.watchConfig({})[Symbol.asyncIterator]().next();
  expect(providersOf(still.value)).toEqual(["one"]);
  file.replace(yaml("three"));
  await vi.waitUntil(() => lines.some((line) => line.includes("has changed")));
  const now = await config.watchConfig({})[Symbol.asyncIterator]().next();
  expect(providersOf(now.value)).toEqual(["three"]);
  expect(lines.join("")).not.toContain(env.KEY);
});

test("without a file there are no providers, but a whole Config", async () => {
  const controlPlane = await useControlPlane();
  const events = controlPlane.gateway(ConfigService).watchConfig({})[Symbol.asyncIterator]();
  const first = (await events.next()).value;
  expect(providersOf(first)).toEqual([]);
  expect(first?.event.value).toMatchObject({
    version: expect.stringMatching(/./),
    limits: expect.anything(),
  });
});

test("every watcher is told of a revoked token, and of an expired one", async () => {
  const controlPlane = await useControlPlane();
  const admin = controlPlane.admin(AdminService);
  const watchers = [1, 2].map(() =>
    controlPlane.gateway(ConfigService).watchConfig({})[Symbol.asyncIterator](),
  );
  await Promise.all(watchers.map((watcher) => watcher.next()));
  const revoked = await admin.createToken({ actor: "alice" });
  const id = revoked.token?.id ?? "";

  await admin.revokeToken({ id });
  for (const watcher of watchers) {
    expect((await watcher.next()).value?.event).toMatchObject({
      case: "invalidation",
      value: { scope: { case: "apiKeyId", value: id } },
    });
  }
  const expiring = await admin.createToken({ actor: "alice", ttl: { seconds: 0n, nanos: 50_000_000 } });
  for (const watcher of watchers) {
    expect((await watcher.next()).value?.event).toMatchObject({
      value: { scope: { case: "apiKeyId", value: expiring.token?.id } },
    });
  }
});

test("another API version in the request is refused", async () => {
  const config = (await useControlPlane()).gateway(ConfigService);
  const first = config.watchConfig({ apiVersion: "2.0" })[Symbol.asyncIterator]().next();
  expect(await codeOf(first)).toBe(Code.FailedPrecondition);
});

test("tool policies: servers by actor, a version by content", async () => {
  const server = (name: string, actors: string) =>
    `  - { name: ${name}, url: "https://${name}.example/mcp", actors: [${actors}] }\n`;
  const file = useConfigFile(`mcp_servers:\n${server("open", '"*"')}${server("hers", "alice")}`);
  const controlPlane = await useControlPlane({ config: file.config });
  const policies = controlPlane.gateway(ToolPolicyService);

  const [alice, again, bob] = await Promise.all(
    ["alice", "alice", "bob"].map((actorId) => policies.getToolPolicy({ actorId })),
  );

  expect(alice?.servers.map(({ name }) => name)).toEqual(["open", "hers"]);
  expect(bob?.servers.map(({ name }) => name)).toEqual(["open"]);
  expect(alice?.cacheFor?.seconds).toBe(60n);
  expect(again?.version).toBe(alice?.version);
  expect(bob?.version).not.toBe(alice?.version);
});
