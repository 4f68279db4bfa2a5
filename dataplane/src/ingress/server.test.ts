import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createMetrics } from "../telemetry/metrics.ts";
import type { RequestHandler } from "./handler.ts";
import { createClientServer } from "./server.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function clientOf(handler: RequestHandler): Promise<Socket> {
  server = createClientServer(handler, createMetrics({ process: false }), {
    headersTimeoutMs: 100,
    checkEveryMs: 20,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test("headers that do not come in time are a 408 in a readable shape", async () => {
  const socket = await clientOf(() => undefined);
  socket.write("POST /openai/v1/responses HTTP/1.1\r\nhost: x\r\nx-slow: ");
  const answer = await readAll(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nconnection: close\r\n/);
  expect(answer).toContain('"code":"request_timeout"');
});

test("requests of one connection are handled one after another", async () => {
  const answers: (() => void)[] = [];
  const seen: string[] = [];
  const socket = await clientOf((request, response) => {
    seen.push(request.url ?? "");
    answers.push(() => response.end("ok"));
  });
  socket.write(["/1", "/2", "/3"].map((url) => `GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`).join(""));
  while (answers.length < 3) {
    await new Promise(setImmediate);
    const known = answers.length;
    expect(seen.length).toBe(known);
    answers.at(-1)?.();
    if (known > 0 && known < 3) await once(socket, "data");
  }
  expect(seen).toEqual(["/1", "/2", "/3"]);
  socket.destroy();
});

test("a client that sends more requests than may wait is cut off", async () => {
  let handled = 0;
  const socket = await clientOf(() => {
    handled += 1;
  });
  socket.on("error", () => undefined).resume();
  const closed = once(socket, "close");
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20));
  await closed;
  expect(handled).toBe(1);
});
