import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InterceptionSchema, RecorderService } from "@aibridge/proto";
import { readCertificates } from "@aibridge/proto/channel";
import { Health, ServingStatus } from "@aibridge/proto/server";
import { toJson } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import { CertificateAuthority } from "../../../test/support/certificates.ts";
import { createRecorderClient } from "../clients/index.ts";
import { serveRecorder } from "./serve-recorder.ts";
import { Ledger } from "./test-support/ledger.ts";
import { oneOfEachKind, prompt } from "./test-support/sample-records.ts";
import { StreamClient } from "./test-support/stream-client.ts";
import { gatewayKey } from "./test-support/use-recorder.ts";

const listen = "127.0.0.1:0";
const keys = [gatewayKey];

test("the six methods are there by Connect over HTTP/1.1 on the same port", async () => {
  const ledger = new Ledger();
  await using recorder = await serveRecorder({ listen, keys, functions: ledger });
  const { interception } = oneOfEachKind();
  const answer = await fetch(`${recorder.url}/${RecorderService.typeName}/RecordInterception`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gatewayKey}` },
    body: JSON.stringify({ interception: toJson(InterceptionSchema, interception) }),
  });
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
  expect(ledger.stored).toEqual([{ case: "interception", value: interception }]);
});

test("health needs no key and says what the host says", async () => {
  let ready = false;
  await using recorder = await serveRecorder({ listen, keys, functions: new Ledger(), isReady: () => ready });
  const health = createClient(Health, createGrpcTransport({ baseUrl: recorder.url })) as unknown as {
    check(request: { service: string }): Promise<{ status: number }>;
  };
  const statusOf = async (service: string) => (await health.check({ service })).status;
  expect(await statusOf("")).toBe(ServingStatus.NOT_SERVING);
  ready = true;
  expect(await statusOf("")).toBe(ServingStatus.SERVING);
  expect(await statusOf(RecorderService.typeName)).toBe(ServingStatus.SERVING);
  await expect(statusOf("no.such.Service")).rejects.toMatchObject({ code: Code.NotFound });
});

test("close acknowledges what was taken, ends the streams, and frees the port", async () => {
  const stored = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const functions = new Ledger(() => {
    asked.resolve();
    return stored.promise;
  });
  const recorder = await serveRecorder({ listen, keys, functions });
  onTestFinished(() => recorder.close(0));
  const stream = new StreamClient(createRecorderClient({ url: recorder.url, gatewayKey }));
  stream.send();
  await stream.next();
  stream.send(prompt("a"));
  await asked.promise;
  const closed = recorder.close();
  stored.resolve();
  expect(await stream.next()).toEqual([1]);
  expect(await stream.failure()).toMatchObject({
    code: Code.Unavailable,
    rawMessage: "the recorder is shutting down",
  });
  await closed;
  const { hostname, port } = new URL(recorder.url);
  const refused = await new Promise((resolve) =>
    connect(Number(port), hostname).once("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
  );
  expect(refused).toBe("ECONNREFUSED");
});

test.each([
  ["0.0.0.0:0", "tls"],
  ["nowhere", "HOST:PORT"],
])("listening on %s is refused, and says what to do", async (address, message) => {
  await expect(serveRecorder({ listen: address, keys, functions: new Ledger() })).rejects.toThrow(message);
});

test("plaintext from other machines can be allowed", async () => {
  const options = { listen: "0.0.0.0:0", keys, functions: new Ledger(), insecurePlaintext: true };
  await using recorder = await serveRecorder(options);
  expect(recorder.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
});

test("with a certificate it serves TLS, and data planes check it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = new CertificateAuthority(folder, "ca");
  const tls = authority.issue("recorder");
  await using recorder = await serveRecorder({ listen, keys, functions: new Ledger(), tls });
  expect(recorder.url).toMatch(/^https:/);
  const { interception } = oneOfEachKind();
  const certificates = readCertificates({ ca: authority.cert });
  const trusting = createRecorderClient({ url: recorder.url, gatewayKey, certificates });
  await trusting.recordInterception({ interception });
  const doubting = createRecorderClient({ url: recorder.url, gatewayKey });
  const refused = doubting.recordInterception({ interception });
  await expect(refused).rejects.toThrow("unable to verify the first certificate");
});
