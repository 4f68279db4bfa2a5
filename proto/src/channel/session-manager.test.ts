import { once } from "node:events";
import { type ClientHttp2Stream, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "./session-manager.ts";

let server: Http2Server;
beforeEach(async () => {
  server = createServer((_, response) => response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => server.close());

async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
  const response = once(stream, "response");
  await once(stream.resume(), "close");
  return (await response)[0][":status"];
}

test("a request made while a session dies goes over a new one, and the old one's error harms nobody", async () => {
  const manager = new SessionManager(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const first = await manager.request("GET", "/", {}, {});
  const { session } = first;
  if (session === undefined) throw new Error("the stream has no session");
  first.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => session.on("close", resolve));

  // What the manager does after a ping that was not answered in time; the error comes with the socket's end.
  session.destroy(new Error("PING timed out"));
  const second = await manager.request("GET", "/", {}, {});
  expect(await statusOf(second)).toBe(200);
  // An error that nobody listened to would fail the whole run here.
  await closed;
  expect(second.session).not.toBe(session);
  manager.abort();
});
