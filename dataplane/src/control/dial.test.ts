import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { CertificateAuthority, type CertificateFiles } from "../../../test/support/certificates.ts";
import { dial } from "./dial.ts";

let folder: string;
let authority: CertificateAuthority;
let certificate: CertificateFiles;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-dial-"));
  authority = new CertificateAuthority(folder, "authority");
  certificate = authority.issue("server");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function tlsServer(protocols: string[]): Promise<number> {
  const { cert, key } = certificate;
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  return listen(createTlsServer({ ...files, ALPNProtocols: protocols }, (socket) => socket.end()));
}

function dialed(url: string, timeoutMs?: number) {
  const socket = dial(new URL(url), { ca: readFileSync(authority.cert) }, timeoutMs);
  onTestFinished(() => void socket.destroy());
  return socket;
}

test.each(["localhost", "127.0.0.1"])("connects by TLS to %s", async (host) => {
  const socket = dialed(`https://${host}:${await tlsServer(["h2", "http/1.1"])}`);
  await once(socket, "secureConnect");
  expect(socket).toMatchObject({ authorized: true, alpnProtocol: "h2" });
});

test("a server without HTTP/2 is refused, and the way out is named", async () => {
  // One that knows nothing of ALPN; those that do break off by themselves.
  const port = await tlsServer([]);
  const [error] = await once(dialed(`https://127.0.0.1:${port}`), "error").catch((reason: Error) => [reason]);
  expect(error.message).toContain("--rpc-protocol connect");
});

test("a server that accepts and says nothing is given up", async () => {
  const port = await listen(createServer((socket) => onTestFinished(() => void socket.destroy())));
  const plaintext = dialed(`http://127.0.0.1:${port}`, 50);
  await once(plaintext, "connect");
  const error = await once(dialed(`https://127.0.0.1:${port}`, 50), "close").catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "ETIMEDOUT", message: "no connection within 50 ms" });
  expect(plaintext.destroyed).toBe(false);
});
