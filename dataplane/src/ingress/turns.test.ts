import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { Turns } from "./turns.ts";

test("a request that waited for the one before it is served in its own context", async () => {
  const current = new AsyncLocalStorage<string>();
  const turns = new Turns((request, response) => {
    setImmediate(() => response.end(`<${request.url} in ${current.getStore()}>`));
  });
  const server = createServer((request, response) =>
    current.run(request.url ?? "", () => turns.serve(request, response)),
  ).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const request = (path: string, connection: string) =>
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: ${connection}\r\n\r\n`;
  socket.write(request("/a", "keep-alive") + request("/b", "keep-alive") + request("/c", "close"));
  expect((await text(socket)).match(/<.*>/g)).toEqual(["</a in /a>", "</b in /b>", "</c in /c>"]);
});
