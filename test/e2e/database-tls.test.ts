import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AibridgeProcess, aibridge } from "../support/aibridge-process.ts";
import { CertificateAuthority } from "../support/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { MariaDb } from "../support/use-mariadb.ts";

const keys = {
  AIBRIDGE_GATEWAY_KEY: "gateway-key-of-the-tests-0123456789abcdef",
  AIBRIDGE_ADMIN_KEY: "admin-key-of-the-tests-0123456789abcdef00",
};

let folder: string;
let authority: CertificateAuthority;
let server: MariaDb;
let impostor: MariaDb;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aibridge-database-tls-"));
  authority = new CertificateAuthority(folder, "authority");
  server = await startServer("DNS:localhost");
  impostor = await startServer("DNS:elsewhere.example");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await impostor[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A server with a user who must use TLS. */
async function startServer(altNames: string): Promise<MariaDb> {
  const started = await MariaDb.start(authority.issue("database", { altNames }));
  await started.database("aibridge");
  await started.query("", "create user encrypted@'127.0.0.1' identified by 'secret' require ssl");
  await started.query("", "grant all on aibridge.* to encrypted@'127.0.0.1'");
  return started;
}

/** What `--database` takes for that user. */
function address(of: MariaDb): string {
  return of.url("aibridge").replace("root@127.0.0.1", "encrypted:secret@localhost");
}

async function command(database: string): Promise<{ args: string[]; adminUrl: string }> {
  const [rpc, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const args = ["controlplane", "--listen", rpc, "--admin-listen", admin, "--database", database];
  return { args, adminUrl: `http://${admin}` };
}

test("a server whose certificate is trusted is used over TLS", async () => {
  const { args, adminUrl } = await command(`${address(server)}?tls=on`);
  await using controlPlane = new AibridgeProcess(
    args,
    { ...keys, NODE_EXTRA_CA_CERTS: authority.cert },
    folder,
  );
  controlPlane.start();
  await controlPlane.ready(adminUrl);
});

test.each([
  ["an authority that is not trusted", () => `${address(server)}?tls=on`, false, /certificate/],
  ["a certificate for another host", () => `${address(impostor)}?tls=on`, true, /altnames|does not match/i],
  ["a user who must use TLS but does not", () => address(server), true, /Access denied/],
])("%s stops the start, without telling the password", async (_what, database, trusted, message) => {
  const { args } = await command(database());
  const environment = { ...keys, ...(trusted && { NODE_EXTRA_CA_CERTS: authority.cert }) };
  const { code, stderr } = await aibridge(args, environment, folder);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  expect(stderr).toContain("--database: mysql://");
  expect(stderr).not.toContain("secret");
});
