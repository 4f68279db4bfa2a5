/**
 * Sends requests of every kind, some of which break off, and compares memory and open handles of the data plane late
 * in the run with those early in it. Run it with `node test/faults/steady-memory.ts [early] [late]`; it fails if memory
 * grew by 5 % or more in between, or a handle was left open.
 */
import { Agent } from "undici";
import { eventually } from "../support/eventually.ts";
import { untilMetric } from "../support/gateway-metrics.ts";
import { InspectedProcess, type ProcessState } from "../support/inspected-process.ts";
import { apiModes, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Growth of resident memory that is allowed between the two looks. */
export const GROWTH_LIMIT = 0.05;
const SENDERS = 16;
/** One request in so many is left by its client in the middle. */
const LEAVE_EVERY = 20;

/** States of the data plane after `early` and after `late` requests. */
export async function compareMemory(
  gateway: GatewayUnderTest,
  dataPlane: InspectedProcess,
  early: number,
  late: number,
): Promise<{ readonly early: ProcessState; readonly late: ProcessState }> {
  await sendMany(gateway, early);
  const first = await dataPlane.stateAfterGc();
  await sendMany(gateway, late - early);
  return { early: first, late: await stateAtRest(dataPlane, first) };
}

/**
 * The log is written and the spool synced several times a second, and each look may find such a request under way: it
 * looks again as long as something is open that was not open before, for a while.
 */
async function stateAtRest(dataPlane: InspectedProcess, before: ProcessState): Promise<ProcessState> {
  let last = await dataPlane.stateAfterGc();
  const atRest = async () => {
    if (Object.keys(addedHandles(before, last)).length === 0) return last;
    last = await dataPlane.stateAfterGc();
    return undefined;
  };
  return eventually(atRest).catch(() => last);
}

/** Sends requests over connections of their own, and waits until the data plane has closed these. */
async function sendMany(gateway: GatewayUnderTest, count: number): Promise<void> {
  const agent = new Agent({ connections: SENDERS });
  let sent = 0;
  const sender = async () => {
    while (sent < count) {
      sent += 1;
      await sendOne(gateway, agent, sent);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await agent.close();
  await gateway.provider.settled();
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
  await untilMetric(gateway.adminUrl, "spool_records", 0);
}

async function sendOne(gateway: GatewayUnderTest, agent: Agent, index: number): Promise<void> {
  const { api, stream } = apiModes[index % apiModes.length] as (typeof apiModes)[number];
  const leaving = new AbortController();
  const response = await send(gateway, api, stream, { signal: leaving.signal, dispatcher: agent });
  if (response.status !== 200) throw new Error(`${api} is answered ${response.status}`);
  if (index % LEAVE_EVERY !== 0) return void (await response.text());
  leaving.abort();
  await response.text().catch(() => undefined);
}

/** Handles that were not there before, with their number. */
export function addedHandles(early: ProcessState, late: ProcessState): Record<string, number> {
  const added: Record<string, number> = {};
  for (const [kind, count] of Object.entries(late.handles)) {
    const more = count - (early.handles[kind] ?? 0);
    if (more > 0) added[kind] = more;
  }
  return added;
}

if (import.meta.main) {
  const [early = 5_000, late = 20_000] = process.argv.slice(2).map(Number);
  using dataPlane = await InspectedProcess.prepare();
  await using gateway = await useGateway({ provider: { keepRequests: 100 }, dataPlaneEnv: dataPlane.env });
  await dataPlane.connect();
  const states = await compareMemory(gateway, dataPlane, early, late);
  const growth = states.late.residentBytes / states.early.residentBytes - 1;
  const added = addedHandles(states.early, states.late);
  const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  process.stdout.write(
    `${early} requests: ${mebibytes(states.early.residentBytes)} MiB, heap ${mebibytes(states.early.heapBytes)} MiB\n` +
      `${late} requests: ${mebibytes(states.late.residentBytes)} MiB, heap ${mebibytes(states.late.heapBytes)} MiB\n` +
      `grown by ${(growth * 100).toFixed(1)} %, handles left: ${JSON.stringify(added)}\n`,
  );
  process.exitCode = growth < GROWTH_LIMIT && Object.keys(added).length === 0 ? 0 : 1;
}
