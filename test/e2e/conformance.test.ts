import { createUsageClient } from "@aibridge/sdk";
import { type ConformanceReport, checkRecorder, REQUIREMENTS } from "@aibridge/sdk/conformance";
import { expect, test } from "vitest";
import {
  type BrokenHost,
  brokenHosts,
  FaithfulHost,
  FindingHost,
  HOST_KEY,
  startHost,
} from "../support/broken-recorders/index.ts";

const ids = REQUIREMENTS.map(({ id }) => id);

/** They take longer than all others together: left out where the fault has nothing to do with them. */
const slow = ["REC-27", "REC-73"];

/** Checks a host of this process, which answers at once or never. */
async function check(host: FaithfulHost, only: readonly string[] = ids): Promise<ConformanceReport> {
  await using running = await startHost(host);
  const usage = createUsageClient({ url: running.usageUrl, adminKey: "not looked at" });
  const { url } = running;
  return await checkRecorder({ url, gatewayKey: HOST_KEY, protocol: "grpc", timeoutMs: 2500, usage, only });
}

function relevantTo({ breaks, only = ids }: BrokenHost): string[] {
  return only.filter((id) => !slow.includes(id) || breaks.includes(id));
}

test.each([
  { which: "keeps every rule", host: new FaithfulHost() },
  { which: "finds messages again, too,", host: new FindingHost() },
])("a recorder that $which passes", async ({ host }) => {
  const { requirements } = await check(host);
  expect(requirements.map(({ id, status }) => `${id} ${status}`)).toEqual(ids.map((id) => `${id} passed`));
});

test.each(brokenHosts)("found: $fault", async (broken) => {
  const { requirements } = await check(broken.make(), relevantTo(broken));
  const failed = requirements.filter(({ status }) => status === "failed");
  expect(failed.map(({ id }) => id)).toEqual(broken.breaks);
  for (const { expected, seen } of failed) expect(expected).not.toBe(seen);
});

test("each requirement finds the fault of at least one broken recorder", () => {
  const found = new Set(brokenHosts.flatMap(({ breaks }) => breaks));
  expect(ids.filter((id) => !found.has(id))).toEqual([]);
});
