/**
 * Opens streams whose clients read nothing, while the provider sends without end, and measures the memory that each
 * takes in the data plane. Run it with `node test/faults/unread-streams.ts [streams]`; it fails above 150 KB a stream.
 */

import { untilMetric } from "../support/gateway-metrics.ts";
import { InspectedProcess } from "../support/inspected-process.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { apiCases } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Memory that one stream may take, in bytes. */
export const STREAM_LIMIT_BYTES = 150_000;
/** Streams that load the code and fill the pools before memory is first read. */
const WARM_UP_STREAMS = 20;

/** Many events in each piece. In all it is more than the sockets on the way hold: nobody gets to its end. */
const piece = `event: ping\ndata: ${"x".repeat(1_000)}\n\n`.repeat(64);
const endless = Array.from({ length: 400 }, () => piece);

/** Resident bytes that each of `count` unread streams adds to the data plane. */
export async function measureUnreadStreams(
  gateway: GatewayUnderTest,
  dataPlane: InspectedProcess,
  count: number,
): Promise<number> {
  await closeAll(gateway, await openUnread(gateway, WARM_UP_STREAMS));
  const before = await dataPlane.stateAfterGc();
  const streams = await openUnread(gateway, count);
  await quiet(gateway);
  const after = await dataPlane.stateAfterGc();
  await closeAll(gateway, streams);
  return (after.residentBytes - before.residentBytes) / count;
}

async function openUnread(gateway: GatewayUnderTest, count: number): Promise<RawConnection[]> {
  const { path, body } = apiCases.messages;
  const text = JSON.stringify({ ...body, stream: true });
  const head = [
    `POST ${path} HTTP/1.1`,
    "host: x",
    `x-api-key: ${gateway.token}`,
    `content-length: ${text.length}`,
  ];
  const streams: RawConnection[] = [];
  for (let i = 0; i < count; i += 1) {
    gateway.provider.next({ raw: { headers: { "content-type": "text/event-stream" }, body: endless } });
    const stream = await RawConnection.to(gateway.url);
    stream.socket.pause();
    stream.write(`${head.join("\r\n")}\r\n\r\n${text}`);
    streams.push(stream);
  }
  await untilMetric(gateway.adminUrl, "interceptions_inflight", count);
  return streams;
}

async function closeAll(gateway: GatewayUnderTest, streams: readonly RawConnection[]): Promise<void> {
  for (const stream of streams) stream.reset();
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
}

/** Waits until the data plane stands still: every buffer on the way is full. */
async function quiet(gateway: GatewayUnderTest): Promise<void> {
  let before = -1;
  for (;;) {
    const used = await cpuSeconds(gateway);
    if (used - before < 0.05) return;
    before = used;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function cpuSeconds(gateway: GatewayUnderTest): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  return Number(/^aibridge_process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
}

/** Room for as many streams as are opened. */
export const manyStreams = (url: string) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
limits: { concurrency: 5000, per_actor_concurrency: 5000 }
`;

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 500);
  using dataPlane = await InspectedProcess.prepare();
  await using gateway = await useGateway({ config: manyStreams, dataPlaneEnv: dataPlane.env });
  await dataPlane.connect();
  const bytes = await measureUnreadStreams(gateway, dataPlane, count);
  process.stdout.write(`${count} unread streams: ${Math.round(bytes / 1000)} KB each\n`);
  process.exitCode = bytes < STREAM_LIMIT_BYTES ? 0 : 1;
}
