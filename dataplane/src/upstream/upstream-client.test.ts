import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { CertificateAuthority } from "../../../test/support/certificates.ts";
import { eventually } from "../../../test/support/eventually.ts";
import {
  type AnswerHandler,
  type UpstreamCall,
  UpstreamClient,
  type UpstreamRequest,
} from "./upstream-client.ts";

/** What a handler was told, in order. */
class Told implements AnswerHandler {
  readonly events: string[] = [];
  headers: IncomingHttpHeaders | undefined;
  content = "";
  reason: (Error & { code?: string }) | undefined;
  onStart: (() => void) | undefined;
  onData: (() => void) | undefined;

  start(status: number, headers: IncomingHttpHeaders): void {
    this.events.push(String(status));
    this.headers = headers;
    this.onStart?.();
  }

  data(chunk: Buffer): void {
    this.content += chunk.toString("latin1");
    this.onData?.();
  }

  end(): void {
    this.events.push("end");
  }

  fail(reason: Error): void {
    this.events.push("fail");
    this.reason = reason;
  }

  get over(): boolean {
    return this.events.at(-1) === "end" || this.events.at(-1) === "fail";
  }
}

/** A provider that does with each connection what a test says. */
class Provider {
  readonly sockets: Socket[] = [];
  readonly received: string[] = [];
  readonly server: Server;

  constructor(
    server: Server,
    event: "connection" | "secureConnection",
    act: (provider: Provider, index: number) => void,
  ) {
    this.server = server.on(event, (socket: Socket) => {
      const index = this.sockets.push(socket) - 1;
      this.received.push("");
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        this.received[index] += bytes.toString("latin1");
        act(this, index);
      });
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}

const client = new UpstreamClient();
const opened: Provider[] = [];
afterEach(() => {
  client.close();
  for (const { server, sockets } of opened.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

async function provider(act: (provider: Provider, index: number) => void): Promise<Provider> {
  const made = new Provider(createServer(), "connection", act);
  opened.push(made);
  await once(made.server.listen(0, "127.0.0.1"), "listening");
  return made;
}

/** Answers every request whose empty line has come with these bytes. */
function answering(...answers: string[]) {
  return ({ sockets, received }: Provider, index: number) => {
    if (!received[index]?.endsWith("\r\n\r\n")) return;
    sockets[index]?.write(answers.length > 1 ? (answers.shift() as string) : (answers[0] as string));
  };
}

function ask({ port }: Provider, request: Partial<UpstreamRequest> = {}, told = new Told()) {
  const call: UpstreamCall = client.send(
    {
      origin: `http://127.0.0.1:${port}`,
      method: "POST",
      path: "/v1/messages",
      headers: ["x-a", "1"],
      body: null,
      connectMs: 5_000,
      firstByteMs: 5_000,
      idleMs: 5_000,
      ...request,
    },
    told,
  );
  return { call, told };
}

async function over(told: Told): Promise<Told> {
  await eventually(() => told.over || undefined);
  return told;
}

const hello = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

test("a request is sent and its answer handed over", async () => {
  const peer = await provider(answering(hello));
  const { told } = ask(peer);
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
  expect(told.content).toBe("hello");
  expect(peer.received).toEqual([
    `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:${peer.port}\r\nx-a: 1\r\ncontent-length: 0\r\n\r\n`,
  ]);
});

test.each([10, 100_000])("a body of %s bytes follows its head", async (length) => {
  const body = Buffer.alloc(length, "x");
  const peer = await provider(({ sockets, received }, index) => {
    if (received[index]?.endsWith(`\r\n\r\n${body.toString()}`)) sockets[index]?.write(hello);
  });
  const { told } = ask(peer, { body });
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
});

test("the next request takes the same connection, and it is not kept for ever", async () => {
  const answer = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=3\r\ncontent-length: 0\r\n\r\n";
  const peer = await provider(answering(answer));
  await over(ask(peer).told);
  await over(ask(peer).told);
  expect(peer.sockets.length).toBe(1);
  await eventually(() => peer.sockets[0]?.destroyed || undefined);
});

test.each([
  ["says so", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"],
  ["sent more than its answer", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"],
])("a connection is not used again if the provider %s", async (_what, answer) => {
  const peer = await provider(answering(answer, hello));
  await over(ask(peer).told);
  const { told } = ask(peer);
  await over(told);
  expect(told.content).toBe("hello");
  expect(peer.sockets.length).toBe(2);
});

test.each([
  ["closed it", (socket: Socket) => socket.end()],
  ["reset it", (socket: Socket) => socket.resetAndDestroy()],
  ["spoke unasked", (socket: Socket) => socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n")],
])("an idle connection is not used again once the provider %s", async (_what, act) => {
  const peer = await provider(answering(hello));
  await over(ask(peer).told);
  const [socket] = peer.sockets;
  act(socket as Socket);
  await eventually(() => socket?.destroyed || undefined);
  // By the time another round trip is over, what happened before it is noticed too.
  await over(ask(await provider(answering(hello))).told);
  const { told } = ask(peer);
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
  expect(peer.sockets.length).toBe(2);
});

test("an answer that ends with its connection is whole", async () => {
  const peer = await provider(({ sockets }) => sockets[0]?.end("HTTP/1.1 200 OK\r\n\r\nhello"));
  const { told } = ask(peer);
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
  expect(told.content).toBe("hello");
});

test.each([
  ["before it began", "", ["fail"]],
  ["in its head", "HTTP/1.1 200 OK\r\n", ["fail"]],
  ["in its body", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", ["200", "fail"]],
])("an answer that breaks off %s has failed", async (_when, begun, events) => {
  const peer = await provider(({ sockets }) => sockets[0]?.end(begun));
  const { told } = ask(peer);
  await over(told);
  expect(told.events).toEqual(events);
  expect(told.reason?.code).toBe("UPSTREAM_CLOSED");
});

test("an answer that is none fails, and the connection is closed", async () => {
  const peer = await provider(({ sockets }) => sockets[0]?.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
  const { told } = ask(peer);
  expect((await over(told)).reason?.code).toBe("UPSTREAM_INVALID_ANSWER");
  await eventually(() => peer.sockets[0]?.destroyed || undefined);
});

test("a request that cannot be sent fails before anyone is connected to", async () => {
  const peer = await provider(answering(hello));
  const { told, call } = ask(peer, { headers: ["x", "1\r\ny: 2"] });
  expect(told.events).toEqual(["fail"]);
  expect(told.reason?.code).toBe("UPSTREAM_INVALID_REQUEST");
  call.abort(new Error("late"));
  expect(told.events).toEqual(["fail"]);
  expect(peer.sockets).toEqual([]);
});

test("nobody listens: the reason is the system's", async () => {
  const peer = await provider(answering(hello));
  const { port } = peer;
  await new Promise((resolve) => peer.server.close(resolve));
  const { told } = ask({ port } as Provider);
  expect((await over(told)).reason?.code).toBe("ECONNREFUSED");
});

test("a TLS handshake that does not come is a time-out of the connection", async () => {
  const peer = await provider(() => undefined);
  const { told } = ask(peer, { origin: `https://127.0.0.1:${peer.port}`, connectMs: 50 });
  expect((await over(told)).reason?.code).toBe("UPSTREAM_CONNECT_TIMEOUT");
  await eventually(() => peer.sockets[0]?.destroyed || undefined);
});

test("silence before the answer and within it are time-outs", async () => {
  const silent = await provider(() => undefined);
  const first = ask(silent, { firstByteMs: 50 });
  expect((await over(first.told)).reason?.code).toBe("UPSTREAM_FIRST_BYTE_TIMEOUT");
  const stopping = await provider(answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell"));
  const second = ask(stopping, { idleMs: 50 });
  expect((await over(second.told)).reason?.code).toBe("UPSTREAM_IDLE_TIMEOUT");
});

test("while it is paused nothing is read, and no time runs", async () => {
  const peer = await provider(answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc"));
  const { call, told } = ask(peer, { idleMs: 100 });
  told.onData = () => call.pause();
  await eventually(() => told.content === "abc" || undefined);
  const [socket] = peer.sockets;
  socket?.write("def");
  // A time-out that was made later, and as long, ends after one that should not run.
  const { told: later } = ask(await provider(() => undefined), { firstByteMs: 150 });
  await over(later);
  expect(told.content).toBe("abc");
  told.onData = undefined;
  call.resume();
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
  expect(told.content).toBe("abcdef");
});

test("an abort ends the request at once, whatever it waits for, and closes its connection", async () => {
  const reason = new Error("the client went away");
  const silent = await provider(() => undefined);
  const connecting = ask(silent);
  connecting.call.abort(reason);
  expect(connecting.told.reason).toBe(reason);

  const waiting = ask(silent);
  await eventually(() => silent.received.at(-1)?.endsWith("\r\n\r\n") || undefined);
  waiting.call.abort(reason);
  expect(waiting.told.events).toEqual(["fail"]);
  await eventually(() => silent.sockets.every((socket) => socket.destroyed) || undefined);

  const talking = await provider(answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell"));
  const begun = ask(talking);
  begun.told.onStart = () => begun.call.abort(reason);
  await over(begun.told);
  expect(begun.told.events).toEqual(["200", "fail"]);
  expect(begun.told.content).toBe("");
  await eventually(() => talking.sockets[0]?.destroyed || undefined);
});

test("an abort after the end leaves the next request alone", async () => {
  const peer = await provider(answering(hello));
  const { call, told } = ask(peer);
  await over(told);
  const next = ask(peer);
  call.abort(new Error("late"));
  call.pause();
  await over(next.told);
  expect(next.told.events).toEqual(["200", "end"]);
  expect(peer.sockets.length).toBe(1);
});

test("an answer that comes before the whole request was taken costs the connection", async () => {
  const peer = await provider(({ sockets }, index) => {
    sockets[index]?.pause();
    if (index === 0) sockets[0]?.write("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
    else sockets[index]?.write(hello);
  });
  const { told } = ask(peer, { body: Buffer.alloc(64 * 1024 * 1024) });
  await over(told);
  expect(told.events).toEqual(["413", "end"]);
  const next = ask(peer);
  await over(next.told);
  expect(peer.sockets.length).toBe(2);
});

test("a handler that throws is told of a failure", async () => {
  const peer = await provider(answering(hello));
  const { told } = ask(peer);
  told.onData = () => {
    throw new Error("a handler's own");
  };
  await over(told);
  expect(told.events).toEqual(["200", "fail"]);
});

test("origins that are not wanted any more lose their connections, not their requests", async () => {
  const peer = await provider(({ sockets }) =>
    sockets[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell"),
  );
  const { told } = ask(peer);
  await eventually(() => told.content === "hell" || undefined);
  client.retain(new Set());
  peer.sockets[0]?.write("o");
  await over(told);
  expect(told.events).toEqual(["200", "end"]);
  await eventually(() => peer.sockets[0]?.destroyed || undefined);
});

test("over TLS the provider's certificate is verified before anything is sent", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-upstream-"));
  const trusted = getCACertificates("default");
  try {
    const authority = new CertificateAuthority(folder, "ca");
    const { cert, key } = authority.issue("provider", { altNames: "DNS:localhost" });
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) });
    const peer = new Provider(server, "secureConnection", answering(hello));
    opened.push(peer);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const origin = `https://localhost:${peer.port}`;
    const reasonFor = async (url: string) => (await over(ask(peer, { origin: url }).told)).reason?.code;
    expect(await reasonFor(origin)).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");

    setDefaultCACertificates([...trusted, readFileSync(authority.cert, "utf8")]);
    expect(await reasonFor(`https://127.0.0.1:${peer.port}`)).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(peer.received.join("")).toBe("");
    const { told } = ask(peer, { origin, body: Buffer.from("\r\n\r\n") });
    await over(told);
    expect(told.content).toBe("hello");
  } finally {
    setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true });
  }
});
