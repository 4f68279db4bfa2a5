import { once } from "node:events";
import { connect as connectHttp2, createServer } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { watchPeer } from "./watch-peer.ts";

async function useServer(timing: { intervalMs: number; timeoutMs: number }): Promise<number> {
  const server = createServer((_request, response) => response.end("here"));
  server.on("session", (session) => watchPeer(session, timing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("a peer that never answers is cut off", async () => {
  const port = await useServer({ intervalMs: 20, timeoutMs: 20 });
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // The preface of a client that is frozen from then on.
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  socket.resume();
  await once(socket, "close");
  expect(socket.destroyed).toBe(true);
});

test("a peer that answers stays", async () => {
  const port = await useServer({ intervalMs: 5, timeoutMs: 5000 });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  onTestFinished(() => void session.destroy());
  // A client answers pings by itself; several of them go by.
  for (let pings = 0; pings < 3; pings += 1) {
    await once(session, "ping");
  }
  const request = session.request({ ":path": "/" });
  const [chunk] = await once(request, "data");
  expect(String(chunk)).toBe("here");
});
