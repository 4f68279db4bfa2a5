/** The three provider APIs. */
export type Api = "messages" | "chat" | "responses";

export const APIS: readonly Api[] = ["messages", "chat", "responses"];

/**
 * How the provider delivers its answer.
 * - `whole`: one JSON body
 * - `burst`: a stream whose events come at once, each in an HTTP chunk of its own
 * - `paced`: the same stream with 1 ms between two events
 * - `held`: the first half of the stream at once, the rest when the harness says so
 */
export type Delivery = "whole" | "burst" | "paced" | "held";

/** One line of the table: the same requests are sent through the base line and through the gateway. */
export interface Workload {
  /** What `--only` is matched against: "messages stream 1KB". */
  readonly name: string;
  readonly api: Api;
  readonly delivery: Delivery;
  /** Size of the request body, to the byte. */
  readonly requestBytes: number;
  /** Most the gateway may cost, as a multiple of the base line. */
  readonly budget: number;
}

/** Content deltas in every stream. */
export const DELTAS = 40;

const SMALL = { label: "1KB", bytes: 1024 };
const LARGE = { label: "200KB", bytes: 200 * 1024 };

/** Requests whose cost is the gateway's CPU time. */
export const cpuWorkloads: readonly Workload[] = [
  ...forEachApi("non-stream", "whole", SMALL, 1.8),
  ...forEachApi("stream", "burst", SMALL, 1.15),
  ...forEachApi("non-stream", "whole", LARGE, 1.35),
  ...forEachApi("stream", "burst", LARGE, 1.35),
  ...forEachApi("paced", "paced", SMALL, 1.05),
];

/** Streams that stay open, whose cost is the gateway's memory. */
export const memoryWorkloads: readonly Workload[] = forEachApi("open", "held", SMALL, 1.1);

/** The workload of that name. Throws a RangeError if there is none. */
export function workloadNamed(name: string): Workload {
  const found = [...cpuWorkloads, ...memoryWorkloads].find((workload) => workload.name === name);
  if (found === undefined) throw new RangeError(`no workload is called ${JSON.stringify(name)}`);
  return found;
}

/** Path of the API below a provider's base URL (of the host, for the OpenAI kinds too). */
export function apiPath(api: Api): string {
  return { messages: "/v1/messages", chat: "/v1/chat/completions", responses: "/v1/responses" }[api];
}

/** Path at the provider, and at the base line: the first segment tells the provider how to answer. */
export function providerPath(workload: Workload): string {
  return `/${workload.delivery}${apiPath(workload.api)}`;
}

function forEachApi(
  kind: string,
  delivery: Delivery,
  size: { label: string; bytes: number },
  budget: number,
): Workload[] {
  return APIS.map((api) => ({
    name: `${api} ${kind} ${size.label}`,
    api,
    delivery,
    requestBytes: size.bytes,
    budget,
  }));
}
