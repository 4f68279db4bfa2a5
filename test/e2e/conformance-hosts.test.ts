import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUsageClient } from "@aibridge/sdk";
import { checkRecorder, REQUIREMENTS } from "@aibridge/sdk/conformance";
import { afterAll, expect, test } from "vitest";
import { HostProcess } from "../support/host-process.ts";
import { serveHostUsage } from "../support/host-usage-service.ts";
import { languageHosts } from "../support/language-hosts.ts";

/** Building a host from nothing downloads and compiles what it needs. */
const buildTimeoutMs = 300_000;

const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";

const here = languageHosts.filter(({ missing }) => missing === undefined);
for (const { language, missing } of languageHosts) {
  if (missing !== undefined) process.stderr.write(`the ${language} host is not checked: ${missing}\n`);
}

const folder = mkdtempSync(join(tmpdir(), "aibridge-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(here)(
  "the $language host keeps every rule",
  async ({ language, prepare }) => {
    const command = await prepare(mkdtempSync(join(folder, `${language}-`)));
    const database = join(folder, `${language}.db`);
    await using host = new HostProcess(command, database, gatewayKey);
    const url = await host.url();
    await using tables = await serveHostUsage(database);
    const usage = createUsageClient({ url: tables.url, adminKey: "not looked at" });

    const { requirements } = await checkRecorder({ url, gatewayKey, protocol: "grpc", usage });

    expect(requirements.filter(({ status }) => status !== "passed")).toEqual([]);
    expect(requirements).toHaveLength(REQUIREMENTS.length);
    expect(await host.stop()).toBe(0);
  },
  buildTimeoutMs,
);
