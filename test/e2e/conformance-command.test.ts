import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConformanceReport, REQUIREMENTS } from "@aibridge/sdk/conformance";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { aibridge } from "../support/aibridge-process.ts";
import { brokenHosts, FaithfulHost, HOST_KEY, startHost } from "../support/broken-recorders/index.ts";
import { CertificateAuthority } from "../support/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { tlsFilesOf } from "../support/tls-gateway.ts";
import { clientFlags, type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Runs the command. */
function conformance(env: Readonly<Record<string, string>>, ...args: string[]) {
  return aibridge(["conformance", "recorder", ...args], env);
}

/** Checks a control plane by the command, reading back what it stored. */
async function checkControlPlane(gateway: GatewayUnderTest, ...flags: string[]): Promise<ConformanceReport> {
  const { controlPlaneUrl: url, gatewayKey, adminKey } = gateway;
  const env = { AIBRIDGE_GATEWAY_KEY: gatewayKey, AIBRIDGE_ADMIN_KEY: adminKey };
  const { stdout, stderr, code } = await conformance(
    env,
    ...["--url", url, "--usage-url", url, "--json"],
    ...flags,
  );
  const report: ConformanceReport = JSON.parse(stdout);
  const failed = report.requirements.filter(({ status }) => status === "failed");
  expect({ failed, stderr, code }).toEqual({ failed: [], stderr: "", code: 0 });
  return report;
}

function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-conformance-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test.each(["sqlite", "mariadb"] as const)("the control plane keeps every rule on %s", async (database) => {
  await using gateway = await useGateway({ database });
  const report = await checkControlPlane(gateway);
  const { passed, notApplicable, requirements, ...rest } = report;
  expect([passed, notApplicable]).toEqual([REQUIREMENTS.length, 0]);
  expect(rest).toEqual({ recorder: gateway.controlPlaneUrl, protocol: "grpc", apiVersion: "1.0", failed: 0 });
  expect(requirements[0]).toEqual({
    id: "REC-01",
    requirement: "grpc.health.v1.Health answers SERVING for the server as a whole, without a key.",
    status: "passed",
    durationMs: expect.any(Number),
  });
});

test("over Connect and HTTP/1.1 only what is about unary methods applies", async () => {
  await using gateway = await useGateway();
  const report = await checkControlPlane(gateway, "--rpc-protocol", "connect");
  const unary = REQUIREMENTS.filter(({ needs }) => !needs.includes("stream") && !needs.includes("grpc"));
  expect(report.passed).toBe(unary.length);
  expect(report.requirements.find(({ id }) => id === "REC-21")).toMatchObject({
    status: "not_applicable",
    reason: "only with gRPC",
  });
});

test("over mTLS", async () => {
  const authority = new CertificateAuthority(useFolder(), "authority");
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls });
  const only = ["--only", "REC-01,REC-11,REC-22,REC-81"];
  expect((await checkControlPlane(gateway, ...only, ...clientFlags(tls))).passed).toBe(4);
  const env = { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey };
  const untrusted = await conformance(env, "--url", gateway.controlPlaneUrl);
  expect([untrusted.code, untrusted.stdout]).toEqual([2, ""]);
  expect(untrusted.stderr).toContain("its certificate is not signed by an authority that is trusted here");
});

test("a recorder without StreamRecords conforms; what is about streams is not applicable", async () => {
  class UnaryHost extends FaithfulHost {
    // biome-ignore lint/correctness/useYield: it answers with nothing but an error
    override async *stream(): AsyncGenerator<never> {
      throw new ConnectError("not here", Code.Unimplemented);
    }
  }
  await using host = await startHost(new UnaryHost());
  const { stdout, code } = await conformance({ AIBRIDGE_GATEWAY_KEY: HOST_KEY }, "--url", host.url);
  expect(code).toBe(0);
  expect(stdout).toContain("n/a   REC-22  ");
  expect(stdout).toContain("the recorder answers StreamRecords with UNIMPLEMENTED");
  expect(stdout).toMatch(/\n1\d passed, 0 failed, \d+ not applicable\n/);
});

test("what fails is told with what was expected and seen, and the command fails", async () => {
  const broken = brokenHosts.find(({ breaks }) => breaks.join() === "REC-42");
  await using host = await startHost(broken?.make() ?? new FaithfulHost());
  const { stdout, code } = await conformance(
    { AIBRIDGE_GATEWAY_KEY: HOST_KEY },
    ...["--url", host.url, "--only", "rec-22, REC-42"],
  );
  expect(code).toBe(1);
  expect(stdout).toBe(`\
pass  REC-22  A batch with all six kinds is acknowledged without waiting for more, and none is rejected.
FAIL  REC-42  A record of a kind that the recorder does not know is rejected with UNIMPLEMENTED; the others are stored.
             expected  sequence 2 rejected with UNIMPLEMENTED
             seen      sequence 2 acknowledged without being rejected

1 passed, 1 failed, 0 not applicable
The recorder at ${host.url} does not keep the contract of API version 1.0.
`);
});

test("the key may come from a file", async () => {
  const file = join(useFolder(), "gateway.key");
  writeFileSync(file, `${HOST_KEY}\n`);
  await using host = await startHost(new FaithfulHost());
  const { code } = await conformance(
    { AIBRIDGE_GATEWAY_KEY_FILE: file },
    ...["--url", host.url, "--only", "REC-11"],
  );
  expect(code).toBe(0);
});

test("without a recorder to check the command exits with 2 and says why", async () => {
  await using host = await startHost(new FaithfulHost());
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const complaint = async (gatewayKey: string, ...args: string[]) => {
    const { code, stdout, stderr } = await conformance({ AIBRIDGE_GATEWAY_KEY: gatewayKey }, ...args);
    expect([code, stdout]).toEqual([2, ""]);
    return stderr;
  };
  expect(await complaint(HOST_KEY, "--url", nobody)).toContain("cannot be reached: connect ECONNREFUSED");
  expect(await complaint(HOST_KEY, "--url", host.usageUrl)).toContain("it does not speak HTTP/2");
  expect(await complaint(HOST_KEY, "--url", host.url.replace("http:", "https:"))).toContain(
    "does not speak TLS",
  );
  expect(await complaint(`${HOST_KEY}-`, "--url", host.url)).toContain(
    "refuses the gateway key: UNAUTHENTICATED (who are you?)",
  );
  expect(await complaint("short", "--url", host.url)).toContain("a key has at least 32 characters");
  expect(await complaint(HOST_KEY, "--url", host.url, "--only", "REC-1")).toContain(
    "there is no requirement REC-1; did you mean REC-",
  );
  expect(await complaint(HOST_KEY, "--url", "http://example.com")).toContain("--insecure-plaintext");
  expect(await complaint(HOST_KEY, "--url", host.url, "--usage-url", host.usageUrl)).toContain(
    "--usage-url needs --admin-key",
  );
});
