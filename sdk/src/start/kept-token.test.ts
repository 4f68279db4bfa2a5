import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdminService } from "@aibridge/proto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { keptToken } from "./kept-token.ts";

let created = 0;
let revoked = new Set<string>();

beforeEach(() => {
  created = 0;
  revoked = new Set();
});

const admin = createClient(
  AdminService,
  createRouterTransport((router) => {
    router.service(AdminService, {
      createToken({ actor }) {
        created += 1;
        return { secret: `aib_${created}`, token: { id: String(created), actor } };
      },
      listTokens({ pageToken }) {
        // One token a page, so that a kept one is found on later pages too.
        const id = Number(pageToken || created);
        const revokedAt = revoked.has(String(id)) ? timestampFromMs(0) : undefined;
        return {
          tokens: id > 0 ? [{ id: String(id), revokedAt }] : [],
          nextPageToken: id > 1 ? String(id - 1) : "",
        };
      },
    });
  }),
);

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "token.json");
}

test("the token of an earlier start is used again", async () => {
  const file = temporaryFile();
  expect(await keptToken(admin, file, "alice")).toBe("aib_1");
  await admin.createToken({ actor: "alice" });
  expect(await keptToken(admin, file, "alice")).toBe("aib_1");
  expect(created).toBe(2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a revoked token is replaced", async () => {
  const file = temporaryFile();
  await keptToken(admin, file, "alice");
  revoked.add("1");
  expect(await keptToken(admin, file, "alice")).toBe("aib_2");
});

test("a token of another database is replaced", async () => {
  const file = temporaryFile();
  writeFileSync(file, JSON.stringify({ id: "x", secret: "aib_x" }));
  expect(await keptToken(admin, file, "alice")).toBe("aib_1");
});

test("a damaged file is replaced", async () => {
  const file = temporaryFile();
  writeFileSync(file, '{"id":');
  expect(await keptToken(admin, file, "alice")).toBe("aib_1");
  expect(await keptToken(admin, file, "alice")).toBe("aib_1");
});
