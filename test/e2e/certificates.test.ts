import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { readCertificates } from "@aibridge/proto/channel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AibridgeProcess, aibridge } from "../support/aibridge-process.ts";
import { CertificateAuthority, replaceCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { apiCases } from "../support/requests.ts";
import { runCommand } from "../support/run-command.ts";
import { recordOne, tlsFilesOf } from "../support/tls-gateway.ts";
import { clientFlags, type TlsFiles, useGateway } from "../support/use-gateway.ts";

/** How curl ends when the server breaks the connection: as it was writing, or as it was reading. */
const curlSendError = 55;
const curlReceiveError = 56;

let folder: string;
let authority: CertificateAuthority;
let stranger: CertificateAuthority;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-tls-"));
  authority = new CertificateAuthority(folder, "authority");
  stranger = new CertificateAuthority(folder, "stranger");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("whoever is not trusted is refused, is told why as far as TLS can, and the control plane logs why", async () => {
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls });
  const { controlPlaneUrl } = gateway;
  const env = { AIBRIDGE_ADMIN_KEY: gateway.adminKey };
  const complaint = async (...flags: string[]) => {
    const { code, stdout, stderr } = await aibridge(
      ["usage", "--controlplane", controlPlaneUrl, ...flags],
      env,
      folder,
    );
    expect([code, stdout]).toEqual([1, ""]);
    return stderr;
  };
  expect(await complaint()).toContain("its certificate is not signed by an authority that is trusted here");
  expect(await complaint(...clientFlags({ ...tls, ca: stranger.cert }))).toContain(
    "not signed by an authority",
  );
  expect(await complaint("--rpc-ca", tls.ca)).toContain("it asks for a client certificate");
  const strange = { ca: tls.ca, client: stranger.issue("data plane") };
  expect(await complaint(...clientFlags(strange))).toContain("its log says why");
  const late = { ca: tls.ca, client: authority.issue("data plane", { days: -1 }) };
  expect(await complaint(...clientFlags(late))).toContain("its log says why");

  for (const reason of [
    "the client sent no certificate",
    "the client's certificate is not accepted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    "the client's certificate is not accepted (CERT_HAS_EXPIRED)",
  ])
    await eventually(() => gateway.controlPlane.output.includes(reason) || undefined);
  await runCommand("curl", ["--silent", `${controlPlaneUrl}/`]);
  const untrusted = "the client does not accept this server's certificate";
  await eventually(() => gateway.controlPlane.output.includes(untrusted) || undefined);
  await runCommand("curl", ["--silent", controlPlaneUrl.replace("https:", "http:")]);
  await eventually(() => gateway.controlPlane.output.includes("the client speaks plain HTTP") || undefined);
  // Curl does not even get as far as HTTP.
  const { code } = await runCommand("curl", ["--silent", "--cacert", tls.ca, `${controlPlaneUrl}/`]);
  expect([curlSendError, curlReceiveError]).toContain(code);
});

test("a data plane says clearly why it cannot reach a control plane, and recovers when its files are mended", async () => {
  const tls = tlsFilesOf(authority);
  const mine = authority.issue("data plane", { days: -1 });
  await using gateway = await useGateway({ tls });
  await gateway.dataPlane.stop();
  await using dataPlane = new AibridgeProcess(
    [
      ...["dataplane", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
      ...["--controlplane", gateway.controlPlaneUrl, ...clientFlags({ ca: tls.ca, client: mine })],
    ],
    { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey },
    gateway.folder,
  );
  dataPlane.start();
  const says = (text: string) => eventually(() => dataPlane.output.includes(text) || undefined);
  await says("if it does at every try, its log says why");
  replaceCertificate(mine, tls.client);
  await says("the certificate files of the services have changed: new connections use them");
  await says("configuration applied");
});

test("an expired server is refused by name", async () => {
  const tls = { ...tlsFilesOf(authority), server: authority.issue("aibridge server", { days: -1 }) };
  await using gateway = await useGateway({ tls, controlPlaneAway: true });
  gateway.controlPlane.start();
  const says = (plane: AibridgeProcess, text: string) =>
    eventually(() => plane.output.includes(text) || undefined);
  await says(gateway.controlPlane, "the certificate has expired");
  await says(gateway.dataPlane, `${gateway.controlPlaneUrl}: its certificate has expired`);
});

test("renewed certificates: new connections see them, old ones live on, broken files change nothing", async () => {
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls });
  const seen = () => commonNameAt(gateway.controlPlaneUrl, tls);
  const { output } = gateway.dataPlane;
  expect(await seen()).toBe("aibridge server");

  writeFileSync(tls.server.key, "broken");
  await eventually(() => gateway.controlPlane.output.includes("the last good ones stay") || undefined);
  expect(gateway.controlPlane.output).toContain("holds no private key in PEM form");
  expect(await seen()).toBe("aibridge server");

  replaceCertificate(tls.server, authority.issue("renewed"));
  await eventually(async () => ((await seen()) === "renewed" ? true : undefined));
  await eventually(async () => ((await commonNameAt(gateway.url, tls)) === "renewed" ? true : undefined));
  await recordOne(gateway, tls.ca);
  // The data plane still has the connection it began with: it said nothing of a service that was away or came back.
  expect(gateway.dataPlane.output.slice(output.length)).not.toMatch(/is away|is back/);
});

test("AI clients need a certificate where the data plane asks for one", async () => {
  const tls = tlsFilesOf(authority);
  await using gateway = await useGateway({ tls, dataPlaneFlags: ["--tls-client-ca", tls.ca] });
  const { path, body } = apiCases.messages;
  const curl = (...flags: string[]) =>
    runCommand("curl", [
      ...[
        "--silent",
        "--cacert",
        tls.ca,
        "--write-out",
        "%{http_version} %{http_code}",
        "--output",
        "/dev/null",
      ],
      ...["--header", `authorization: Bearer ${gateway.token}`, "--header", "content-type: application/json"],
      ...["--data", JSON.stringify(body), ...flags, gateway.url + path],
    ]);
  expect(await curl("--cert", tls.client.cert, "--key", tls.client.key)).toMatchObject({ stdout: "1.1 200" });
  expect([curlSendError, curlReceiveError]).toContain((await curl()).code);
  await eventually(() => gateway.dataPlane.output.includes("the client sent no certificate") || undefined);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).not.toMatch(/^aibridge_refusals_total\{code="invalid_body"\} [1-9]/m);
});

test("off this machine only by TLS: listeners and the admin listener", async () => {
  const { server } = tlsFilesOf(authority);
  const files = ["--tls-cert", server.cert, "--tls-key", server.key];
  const env = { AIBRIDGE_GATEWAY_KEY: "gateway-key-of-the-tests-0123456789abcdef" };
  for (const plane of ["controlplane", "dataplane"]) {
    const plaintext = await aibridge([plane, "--listen", "0.0.0.0:0"], env, folder);
    expect(plaintext.code).toBe(2);
    expect(plaintext.stderr).toMatch(/^aibridge \w+: --listen 0\.0\.0\.0.* --tls-cert and --tls-key.*\n$/);
    const admin = await aibridge([plane, ...files, "--admin-listen", "0.0.0.0:0"], env, folder);
    expect(admin.code).toBe(2);
    expect(admin.stderr).toMatch(/--admin-listen 0\.0\.0\.0.*--admin-tls/);
    const wrong = await aibridge([plane, "--tls-cert", server.key, "--tls-key", server.key], env, folder);
    expect(wrong.stderr).toMatch(/^aibridge \w+: --tls-cert: .* holds no certificate in PEM form\n$/);
  }
  await using controlPlane = new AibridgeProcess(
    ["controlplane", "--listen", "0.0.0.0:0", "--admin-listen", "0.0.0.0:0", "--admin-tls", ...files],
    {},
    folder,
  );
  controlPlane.start();
  const adminUrl = await eventually(() => {
    expect(controlPlane.output).toMatch(/control plane listening on https:\/\/0\.0\.0\.0:\d+\n/);
    const [, port] = /\) on https:\/\/0\.0\.0\.0:(\d+)\n/.exec(controlPlane.output) ?? [];
    return port && `https://127.0.0.1:${port}`;
  });
  const probe = await runCommand("curl", ["--silent", "--cacert", authority.cert, `${adminUrl}/readyz`]);
  expect(probe.stdout).toBe("ok\n");
});

/** Whose certificate a server shows to a new connection. */
async function commonNameAt(url: string, { ca, client }: TlsFiles): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...readCertificates({ ca, ...client }) });
  await once(socket, "secureConnect");
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return Array.isArray(name) ? name[0] : name;
}
