import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { ActorService, ConfigService, RecorderService, ToolPolicyService } from "@aibridge/proto";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createActorClient,
  createAdminClient,
  createConfigClient,
  createRecorderClient,
  createToolPolicyClient,
  createUsageClient,
} from "./index.ts";

const sessions = new Set<ServerHttp2Session>();
let keysSeen: (string | null)[] = [];

const server = createServer(connectNodeAdapter({ routes }));
server.on("session", (session) => sessions.add(session));

beforeEach(async () => {
  keysSeen = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const session of sessions) {
    session.destroy();
  }
  sessions.clear();
  await new Promise((resolve) => server.close(resolve));
});

function routes(router: ConnectRouter): void {
  const see = ({ requestHeader }: HandlerContext) => keysSeen.push(requestHeader.get("authorization"));
  router.service(RecorderService, {
    recordInterception: (_request, context) => {
      see(context);
      return {};
    },
    async *streamRecords(requests, context) {
      see(context);
      for await (const { records } of requests) {
        yield { acknowledgedSequence: records.at(-1)?.sequence ?? 0n };
      }
    },
  });
  router.service(ActorService, {
    resolveActor: (_request, context) => {
      see(context);
      return { actor: { id: "alice" } };
    },
  });
  router.service(ToolPolicyService, {
    getToolPolicy: (_request, context) => {
      see(context);
      return { version: "1" };
    },
  });
  router.service(ConfigService, {
    async *watchConfig(_request, context) {
      see(context);
      yield { event: { case: "config", value: { version: "1" } } };
    },
  });
}

test("clients of a data plane's services present the gateway key, streams included", async () => {
  const options = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, gatewayKey: "gk" };
  await createRecorderClient(options).recordInterception({});
  const batches = (async function* () {
    yield { records: [{ sequence: 1n }, { sequence: 2n }] };
  })();
  for await (const { acknowledgedSequence } of createRecorderClient(options).streamRecords(batches)) {
    expect(acknowledgedSequence).toBe(2n);
  }
  expect((await createActorClient(options).resolveActor({})).actor?.id).toBe("alice");
  expect((await createToolPolicyClient(options).getToolPolicy({})).version).toBe("1");
  for await (const { event } of createConfigClient(options).watchConfig({})) {
    expect(event).toMatchObject({ case: "config", value: { version: "1" } });
  }
  expect(keysSeen).toEqual(Array(5).fill("Bearer gk"));
});

test("no client sends a key unencrypted to another machine unless told to", () => {
  const url = "http://control.example.com:9090";
  expect(() => createUsageClient({ url, adminKey: "k" })).toThrow("unencrypted");
  expect(() => createAdminClient({ url, adminKey: "k" })).toThrow("unencrypted");
  expect(() => createRecorderClient({ url, gatewayKey: "k" })).toThrow("unencrypted");
  expect(() => createUsageClient({ url, adminKey: "k", insecurePlaintext: true })).not.toThrow();
});
