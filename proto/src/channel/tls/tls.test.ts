import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import {
  CertificateAuthority,
  type CertificateFiles,
  replaceCertificate,
} from "../../../../test/support/certificates.ts";
import {
  type CertificatePaths,
  openServerTls,
  readCertificates,
  readClientCertificates,
  refusedHandshake,
  ServerTls,
  tlsProblem,
  WatchedCertificates,
} from "../index.ts";

let folder: string;
let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let good: CertificateFiles;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-tls-"));
  authority = new CertificateAuthority(folder, "authority");
  stranger = new CertificateAuthority(folder, "stranger");
  good = authority.issue("good");
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const silent = { reloaded: () => undefined, refused: () => undefined };

test("good files are read", () => {
  const found = readCertificates({ ...good, ca: authority.cert });
  expect(found.cert).toEqual(readFileSync(good.cert));
  expect(found.key).toEqual(readFileSync(good.key));
  expect(found.ca).toEqual(readFileSync(authority.cert));
});

const WRONG: [string, () => CertificatePaths, RegExp][] = [
  [
    "no such file",
    () => ({ ...good, key: join(folder, "none.pem") }),
    /none\.pem cannot be read \(ENOENT\)$/,
  ],
  ["no key", () => ({ cert: good.cert }), /needs its private key$/],
  ["no certificate", () => ({ key: good.key }), /needs a certificate to go with it$/],
  [
    "text",
    () => ({ ...good, cert: file("text.pem", "hello") }),
    /text\.pem holds no certificate in PEM form$/,
  ],
  ["a key as certificate", () => ({ ...good, cert: good.key }), /holds no certificate in PEM form$/],
  ["a certificate as key", () => ({ ...good, key: good.cert }), /holds no private key in PEM form$/],
  [
    "another's key",
    () => ({ ...good, key: authority.issue("x").key }),
    /does not belong to the certificate in/,
  ],
  [
    "an empty authority",
    () => ({ ca: file("empty.pem", "") }),
    /empty\.pem holds no certificate in PEM form$/,
  ],
  ["an encrypted key", () => ({ ...good, key: encrypted() }), /keys with a passphrase are not supported$/],
];

function encrypted(): string {
  const path = join(folder, "encrypted.pem");
  execFileSync("openssl", ["pkcs8", "-topk8", "-in", good.key, "-out", path, "-passout", "pass:secret"]);
  return path;
}

test.each(WRONG)("%s is refused, and the message quotes nothing secret", (_name, paths, message) => {
  const read = () => readCertificates(paths());
  expect(read).toThrow(message);
  expect(read).not.toThrow(/BEGIN|secret/);
});

test("errors name the flag", () => {
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  expect(openServerTls({}, log)).toBeUndefined();
  expect(() => openServerTls({ clientCa: authority.cert }, log)).toThrow("both --tls-cert and --tls-key");
  expect(() => openServerTls({ ...good, clientCa: good.key }, log)).toThrow(
    /^--tls-client-ca: .* in PEM form$/,
  );
  expect(() => readClientCertificates({ ca: good.key }, "https://x")).toThrow(/^--rpc-ca: /);
  expect(() => readClientCertificates({ ca: authority.cert }, "http://x")).toThrow(/^--rpc-ca is of no use/);
  expect(readClientCertificates({}, "http://x")).toBeUndefined();
  expect(log.warn).not.toHaveBeenCalled();
  openServerTls(authority.issue("old", { days: -1 }), log)?.close();
  expect(log.warn).toHaveBeenCalledWith(expect.anything(), "the certificate has expired");
});

test("changed files are taken once they fit together; broken ones are told once and change nothing", async () => {
  const paths = authority.issue("watched");
  const events = { reloaded: vi.fn(), refused: vi.fn() };
  const watched = new WatchedCertificates(paths, events, 5);
  onTestFinished(() => watched.close());
  const before = watched.current;

  writeFileSync(paths.cert, "broken");
  await vi.waitUntil(() => events.refused.mock.calls.length > 0);
  expect(watched.current).toBe(before);

  rmSync(paths.cert);
  await vi.waitUntil(() => events.refused.mock.calls.length > 1);
  expect(watched.current).toBe(before);

  const next = authority.issue("next");
  replaceCertificate(paths, next);
  await vi.waitUntil(() => events.reloaded.mock.calls.length > 0);
  expect(watched.current.cert).toEqual(readFileSync(next.cert));
  expect(events.refused.mock.calls.map(([{ message }]) => message)).toEqual([
    `${paths.cert} holds no certificate in PEM form`,
    `${paths.cert} cannot be read (ENOENT)`,
  ]);
});

async function listen(paths: CertificateFiles & { clientCa?: string }, pollMs?: number) {
  const tls = new ServerTls(paths, silent, pollMs);
  const refusals: (string | undefined)[] = [];
  const server = tls.listener(
    (options) => createServer(options, (socket) => socket.pipe(socket)),
    "certified",
  );
  server.on("tlsClientError", (error, socket) => refusals.push(refusedHandshake(error, socket)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    tls.close();
    server.close();
  });
  return { refusals, port: (server.address() as AddressInfo).port };
}

/** A connection over which a byte went to and fro. @throws what the client is told */
async function converse(port: number, client: CertificatePaths): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", ...readCertificates(client) });
  onTestFinished(() => void socket.destroy());
  socket.write("x");
  const ended = once(socket, "close").then(() => Promise.reject(new Error("closed")));
  await Promise.race([once(socket, "data"), ended]);
  return socket;
}

test("clients are told what is wrong with the server's certificate", async () => {
  const expired = await listen(authority.issue("expired", { days: -1 }));
  const elsewhere = await listen(authority.issue("elsewhere", { altNames: "DNS:elsewhere.example" }));
  const fine = await listen(good);
  const problem = async (port: number, ca: string) =>
    tlsProblem(await converse(port, { ca }).catch((error: unknown) => error));
  expect(await problem(fine.port, authority.cert)).toBeUndefined();
  expect(await problem(fine.port, stranger.cert)).toMatch(/^its certificate is not signed by an authority/);
  expect(await problem(expired.port, authority.cert)).toBe("its certificate has expired");
  expect(await problem(elsewhere.port, authority.cert)).toMatch(/^its certificate is for another host \(/);
});

test("with authorities for clients, only those with a certificate of theirs get in, and the reason is known", async () => {
  const { port, refusals } = await listen({ ...good, clientCa: authority.cert });
  const ca = authority.cert;
  await converse(port, { ca, ...authority.issue("client") });
  const without = await converse(port, { ca }).catch((error: unknown) => error);
  expect(tlsProblem(without)).toBe("it asks for a client certificate");
  await expect(converse(port, { ca, ...stranger.issue("client") })).rejects.toThrow();
  await expect(converse(port, { ca, ...authority.issue("client", { days: -1 }) })).rejects.toThrow();
  await vi.waitUntil(() => refusals.length === 3);
  expect(refusals).toEqual([
    "the client sent no certificate",
    "the client's certificate is not accepted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    "the client's certificate is not accepted (CERT_HAS_EXPIRED)",
  ]);
});

test("new connections get the new certificate, old ones live on", async () => {
  const paths = authority.issue("first");
  const { port } = await listen(paths, 5);
  const client = { ca: authority.cert };
  const old = await converse(port, client);
  expect(old.getPeerCertificate().subject.CN).toBe("first");

  replaceCertificate(paths, authority.issue("second"));
  await vi.waitUntil(async () => (await converse(port, client)).getPeerCertificate().subject.CN === "second");
  old.write("still here");
  expect(String((await once(old, "data"))[0])).toBe("still here");
});

test("a certificate may bring its chain", () => {
  const chained = authority.issue("chained");
  appendFileSync(chained.cert, readFileSync(authority.cert));
  expect(
    readCertificates(chained)
      .cert?.toString()
      .match(/BEGIN CERTIFICATE/g),
  ).toHaveLength(2);
});
