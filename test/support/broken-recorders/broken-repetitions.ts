import type { StreamRecordsRequest, StreamRecordsResponse } from "@aibridge/proto";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost, type StreamState, type Way } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

/** Faults with records that come again. */
export const brokenRepetitions: readonly BrokenHost[] = [
  {
    fault: "a stream fails at every record it has",
    breaks: ["REC-31", "REC-32", "REC-33", "REC-34", "REC-35", "REC-36", "REC-82"],
    make: () =>
      new (class extends FaithfulHost {
        override keep(record: RecordBody, way: Way): void {
          if (way === "stream" && this.store.has(record)) {
            throw new ConnectError("UNIQUE constraint failed", Code.Internal);
          }
          super.keep(record, way);
        }
      })(),
  },
  {
    fault: "a batch with the same record twice fails",
    breaks: ["REC-31", "REC-82"],
    make: () =>
      new (class extends FaithfulHost {
        override takeBatch(request: StreamRecordsRequest, state: StreamState) {
          const ids = idsOf(request);
          if (new Set(ids).size < ids.length) throw new ConnectError("a row twice", Code.Internal);
          return super.takeBatch(request, state);
        }
      })(),
  },
  {
    fault: "a stream fails at a record that it had in an earlier batch",
    breaks: ["REC-32"],
    make: () =>
      new (class extends FaithfulHost {
        override async *stream(requests: AsyncIterable<StreamRecordsRequest>, context: HandlerContext) {
          yield* super.stream(failAtRepetition(requests), context);
        }
      })(),
  },
  {
    fault: "a stream fails at records that an earlier stream had",
    breaks: ["REC-33", "REC-34", "REC-35", "REC-36", "REC-82"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #owners = new Map<string, StreamState>();
        override takeBatch(request: StreamRecordsRequest, state: StreamState) {
          for (const id of idsOf(request)) {
            if ((this.#owners.get(id) ?? state) !== state) throw new ConnectError("not yours", Code.Internal);
            this.#owners.set(id, state);
          }
          return super.takeBatch(request, state);
        }
        override keep(record: RecordBody, way: Way): void {
          if (way === "call") this.#owners.set(record.value.id, { last: 0n });
          super.keep(record, way);
        }
      })(),
  },
  {
    fault: "a stream fails at records that came by call",
    breaks: ["REC-34", "REC-82"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #called = new Set<string>();
        override keep(record: RecordBody, way: Way): void {
          if (way === "call") this.#called.add(record.value.id);
          else if (this.#called.has(record.value.id)) throw new ConnectError("a clash", Code.Internal);
          super.keep(record, way);
        }
      })(),
  },
  {
    fault: "a third stream with the same records fails",
    breaks: ["REC-35"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #streams = new Map<string, Set<StreamState>>();
        override takeBatch(request: StreamRecordsRequest, state: StreamState) {
          for (const id of idsOf(request)) {
            const streams = (this.#streams.get(id) ?? new Set()).add(state);
            this.#streams.set(id, streams);
            if (streams.size > 2) throw new ConnectError("a deadlock", Code.Internal);
          }
          return super.takeBatch(request, state);
        }
      })(),
  },
  {
    fault: "a stream that breaks leaves its records locked",
    breaks: ["REC-36"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #locked = new Set<string>();
        override async *stream(
          requests: AsyncIterable<StreamRecordsRequest>,
          context: HandlerContext,
        ): AsyncGenerator<StreamRecordsResponse> {
          const taken: string[] = [];
          try {
            yield* super.stream(noting(requests, taken), context);
          } catch (error) {
            for (const id of taken) this.#locked.add(id);
            throw error;
          }
        }
        override keep(record: RecordBody, way: Way): void {
          if (this.#locked.has(record.value.id)) throw new ConnectError("the row is locked", Code.Aborted);
          super.keep(record, way);
        }
      })(),
  },
];

function idsOf({ records }: StreamRecordsRequest): string[] {
  return records.flatMap(({ record }) => (record.case === undefined ? [] : [record.value.id]));
}

async function* noting(requests: AsyncIterable<StreamRecordsRequest>, taken: string[]) {
  for await (const request of requests) {
    taken.push(...idsOf(request));
    yield request;
  }
}

async function* failAtRepetition(requests: AsyncIterable<StreamRecordsRequest>) {
  const seen = new Set<string>();
  for await (const request of requests) {
    const ids = idsOf(request);
    if (ids.some((id) => seen.has(id))) throw new ConnectError("I had that", Code.Internal);
    for (const id of ids) seen.add(id);
    yield request;
  }
}
