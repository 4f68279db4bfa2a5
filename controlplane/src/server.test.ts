import { once } from "node:events";
import { connect } from "node:net";
import { AdminService, ConfigService, RecorderService, UsageService } from "@aibridge/proto";
import { API_VERSION, API_VERSION_HEADER, channelInterceptor } from "@aibridge/proto/channel";
import { Health } from "@aibridge/proto/server";
import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { Batches, codeOf } from "./test-support/record-batches.ts";
import { sampleInterception } from "./test-support/sample-records.ts";
import { grpcClient, type TestControlPlane, useControlPlane } from "./test-support/use-control-plane.ts";

test.each([
  { protocol: "connect over HTTP/1.1", make: createConnectTransport, httpVersion: "1.1" },
  { protocol: "connect over h2c", make: createConnectTransport, httpVersion: "2" },
  { protocol: "gRPC-Web over HTTP/1.1", make: createGrpcWebTransport, httpVersion: "1.1" },
  { protocol: "gRPC-Web over h2c", make: createGrpcWebTransport, httpVersion: "2" },
  { protocol: "gRPC over h2c", make: createGrpcTransport, httpVersion: "2" },
] as const)("$protocol", async ({ make, httpVersion }) => {
  const { url, adminKey } = await useControlPlane();
  const transport = make({ baseUrl: url, httpVersion, interceptors: [channelInterceptor(adminKey)] });
  const admin = createClient(AdminService, transport);
  await admin.createToken({ actor: "alice" });
  expect((await admin.listTokens({})).tokens).toMatchObject([{ actor: "alice" }]);
  expect(await codeOf(admin.revokeToken({ id: "x" }))).toBe(Code.NotFound);
});

/** What @grpc/grpc-js needs to call a method, from its protobuf-es descriptor. */
function grpcMethod(method: DescMethod) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}

test("@grpc/grpc-js streams records and reads the acknowledgement", async () => {
  const { url, gatewayKey } = await useControlPlane();
  const method = grpcMethod(RecorderService.method.streamRecords);
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${gatewayKey}`);
  const call = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    metadata,
  );
  const answers: Message[] = [];
  call.on("data", (answer) => answers.push(answer));
  const ended = new Promise((resolve, reject) => call.on("end", resolve).on("error", reject));

  call.write(new Batches().next([{ case: "interception", value: sampleInterception() }]));
  call.end();
  await ended;

  expect(answers).toMatchObject([{ acknowledgedSequence: 1n, rejected: [] }]);
});

function post(controlPlane: TestControlPlane, procedure: string, headers: Record<string, string>) {
  return fetch(`${controlPlane.url}/aibridge.v1.${procedure}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });
}

test("curl-like JSON works and has every member", async () => {
  const controlPlane = await useControlPlane();
  const headers = { authorization: `Bearer ${controlPlane.adminKey}` };
  const response = await post(controlPlane, "UsageService/ListInterceptions", headers);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ interceptions: [], nextPageToken: "" });
});

const GATEWAY_CALLS = [
  "RecorderService/RecordInterception",
  "ActorService/ResolveActor",
  "ToolPolicyService/GetToolPolicy",
];
const ADMIN_CALLS = ["UsageService/SummarizeUsage", "AdminService/ListTokens"];

test("each key opens its own services and no others", async () => {
  const controlPlane = await useControlPlane();
  const keys = { gateway: controlPlane.gatewayKey, admin: controlPlane.adminKey };
  const codeWith = async (key: string, procedure: string) => {
    const response = await post(controlPlane, procedure, { authorization: `Bearer ${key}` });
    return ((await response.json()) as { code?: string }).code ?? "ok";
  };
  for (const procedure of GATEWAY_CALLS) {
    expect(await codeWith(keys.gateway, procedure), procedure).not.toMatch(
      /unauthenticated|permission_denied/,
    );
    expect(await codeWith(keys.admin, procedure), procedure).toBe("permission_denied");
  }
  for (const procedure of ADMIN_CALLS) {
    expect(await codeWith(keys.admin, procedure), procedure).toBe("ok");
    expect(await codeWith(keys.gateway, procedure), procedure).toBe("permission_denied");
  }
});

test("without a known key everything is UNAUTHENTICATED, and the key is not repeated", async () => {
  const controlPlane = await useControlPlane();
  const token = await controlPlane.admin(AdminService).createToken({ actor: "alice" });
  for (const procedure of [...GATEWAY_CALLS, ...ADMIN_CALLS]) {
    for (const authorization of ["", "Basic YTpi", "Bearer aibgw_unknown", `Bearer ${token.secret}`]) {
      const response = await post(controlPlane, procedure, authorization === "" ? {} : { authorization });
      expect(response.status, `${procedure} ${authorization}`).toBe(401);
      expect(await response.text()).not.toMatch(/YTpi|aibgw_|aib_/);
    }
  }
  const watch = controlPlane.gateway(ConfigService, token.secret).watchConfig({})[Symbol.asyncIterator]();
  expect(await codeOf(watch.next())).toBe(Code.Unauthenticated);
});

test("the API version is checked when it is sent", async () => {
  const controlPlane = await useControlPlane();
  const [major = 0, minor = 0] = API_VERSION.split(".").map(Number);
  // The clients of these tests send their own version.
  expect(await codeOf(controlPlane.admin(UsageService).listSessions({}))).toBeUndefined();
  for (const version of [`${major}.${minor + 1}`, `${major + 1}.0`]) {
    const response = await post(controlPlane, "UsageService/ListSessions", {
      authorization: `Bearer ${controlPlane.adminKey}`,
      [API_VERSION_HEADER]: version,
    });
    const error = (await response.json()) as { code: string; message: string };
    expect(error.code).toBe("failed_precondition");
    expect(error.message).toContain(version);
    expect(error.message).toContain(API_VERSION);
  }
});

test("health is open to everyone and knows its services", async () => {
  const { url } = await useControlPlane();
  const health = grpcClient(Health, url, "no key at all") as unknown as {
    check(request: { service: string }): Promise<{ status: number }>;
  };
  expect(await health.check({ service: "" })).toMatchObject({ status: 1 });
  expect(await health.check({ service: UsageService.typeName })).toMatchObject({ status: 1 });
  expect(await codeOf(health.check({ service: "nobody" }))).toBe(Code.NotFound);
});

test.each(["PRI", "GET", "P"])(
  "a connection that starts with %s and goes on later is served",
  async (start) => {
    const { url } = await useControlPlane();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    const received = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    const rest = {
      PRI: " * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      GET: " / HTTP/1.1\r\nhost: x\r\n\r\n",
      P: "UT / HTTP/1.1\r\nhost: x\r\n\r\n",
    };
    await new Promise<void>((resolve) => socket.write(start, () => resolve()));
    // A second packet: without this both parts could arrive as one.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(rest[start as keyof typeof rest]);
    if (start === "PRI") {
      // An empty SETTINGS frame, with which a client's preface ends.
      socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      expect((await received)[3]).toBe(4);
    } else {
      expect((await received).toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
    }
  },
);

test.each([
  "POST /aibridge.v1.UsageService/ListSessions HTTP/1.0\r\ncontent-type: application/json\r\n\r\n",
  "POST /aibridge.v1.UsageService/ListSessions HTTP/1.1\r\nhost: [\r\ncontent-type: application/json\r\n\r\n",
])("a request without a usable host is answered 400 and harms nobody", async (request) => {
  const controlPlane = await useControlPlane();
  const { hostname, port } = new URL(controlPlane.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(request);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await codeOf(controlPlane.admin(UsageService).listSessions({}))).toBeUndefined();
});

test("requests that are cut off in the middle of their body harm nobody", async () => {
  const controlPlane = await useControlPlane();
  const { hostname, port } = new URL(controlPlane.url);
  const first = "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
  const second =
    "POST /aibridge.v1.UsageService/ListSessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
  // Pipelined: the second is under way while the first is being answered.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.write(first + second, () => resolve()));
    if (attempt % 2 === 0) {
      await once(socket, "data");
    }
    socket.resetAndDestroy();
    expect(await codeOf(controlPlane.admin(UsageService).listSessions({}))).toBeUndefined();
  }
});
