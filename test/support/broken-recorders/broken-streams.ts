import { constants, type ServerHttp2Session } from "node:http2";
import type { RejectedRecord, StreamRecordsRequest, StreamRecordsResponse } from "@aibridge/proto";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost, type StreamState } from "./faithful-host.ts";

/** Faults in what StreamRecords answers, and when. */
export const brokenStreams: readonly BrokenHost[] = [
  {
    fault: "it does not answer an empty batch",
    breaks: ["REC-21"],
    make: () =>
      new (class extends FaithfulHost {
        override acknowledge(last: bigint, rejected: RejectedRecord[], records: number) {
          return records === 0 ? undefined : super.acknowledge(last, rejected, records);
        }
      })(),
  },
  {
    fault: "it answers once at least 200 records wait for it",
    breaks: ["REC-22", "REC-24", "REC-25"],
    // There is hardly one that it does not break, each after the whole wait.
    only: ["REC-21", "REC-22", "REC-24", "REC-25"],
    make: () =>
      new (class extends FaithfulHost {
        #waiting = 0;
        #rejected: RejectedRecord[] = [];
        override acknowledge(last: bigint, rejected: RejectedRecord[], records: number) {
          this.#waiting += records;
          this.#rejected.push(...rejected);
          if (records > 0 && this.#waiting < 200) return undefined;
          const all = this.#rejected;
          this.#waiting = 0;
          this.#rejected = [];
          return super.acknowledge(last, all, records);
        }
      })(),
  },
  {
    fault: "it acknowledges one record more than there was",
    breaks: ["REC-23", "REC-25", "REC-28"],
    make: () =>
      new (class extends FaithfulHost {
        override acknowledge(last: bigint, rejected: RejectedRecord[], records: number) {
          return super.acknowledge(records === 0 ? last : last + 1n, rejected, records);
        }
      })(),
  },
  {
    fault: "its acknowledgements go back at times",
    breaks: ["REC-23"],
    make: () =>
      new (class extends FaithfulHost {
        override async *stream(requests: AsyncIterable<StreamRecordsRequest>, context: HandlerContext) {
          for await (const response of super.stream(requests, context)) {
            yield response;
            if (response.acknowledgedSequence > 6n) yield { ...response, acknowledgedSequence: 6n };
          }
        }
      })(),
  },
  {
    fault: "it acknowledges the number of records in the batch",
    breaks: ["REC-24", "REC-27", "REC-32", "REC-35", "REC-72"],
    make: () =>
      new (class extends FaithfulHost {
        override acknowledge(_: bigint, rejected: RejectedRecord[], records: number) {
          return super.acknowledge(BigInt(records), rejected, records);
        }
      })(),
  },
  {
    fault: "it ends the stream after a batch",
    breaks: ["REC-24", "REC-27", "REC-28", "REC-32", "REC-35", "REC-72"],
    make: () =>
      new (class extends FaithfulHost {
        override async *stream(requests: AsyncIterable<StreamRecordsRequest>, context: HandlerContext) {
          for await (const response of super.stream(requests, context)) {
            yield response;
            return;
          }
        }
      })(),
  },
  {
    fault: "it counts records across streams",
    breaks: ["REC-23", "REC-25", "REC-28"],
    make: () =>
      new (class extends FaithfulHost {
        #count = 0n;
        override acknowledge(_: bigint, rejected: RejectedRecord[], records: number) {
          this.#count += BigInt(records);
          return super.acknowledge(records === 0 ? 0n : this.#count, rejected, records);
        }
      })(),
  },
  {
    fault: "it fails when the caller has finished",
    breaks: ["REC-26"],
    make: () =>
      new (class extends FaithfulHost {
        override async *stream(requests: AsyncIterable<StreamRecordsRequest>, context: HandlerContext) {
          yield* super.stream(requests, context);
          throw new ConnectError("EOF", Code.Unknown);
        }
      })(),
  },
  {
    fault: "it takes no more than 5000 records of a stream",
    breaks: ["REC-27"],
    make: () =>
      new (class extends FaithfulHost {
        override checkSequence(sequence: bigint, state: StreamState): void {
          if (sequence > 5000n) throw new ConnectError("too many records", Code.ResourceExhausted);
          super.checkSequence(sequence, state);
        }
      })(),
  },
  {
    fault: "it takes any sequence",
    breaks: ["REC-28"],
    make: () =>
      new (class extends FaithfulHost {
        override checkSequence(sequence: bigint, state: StreamState): void {
          state.last = sequence;
        }
      })(),
  },
  {
    fault: "it takes one stream after the other",
    breaks: ["REC-35", "REC-71", "REC-72"],
    make: () =>
      new (class extends FaithfulHost {
        #free: Promise<void> = Promise.resolve();
        override async *stream(
          requests: AsyncIterable<StreamRecordsRequest>,
          context: HandlerContext,
        ): AsyncGenerator<StreamRecordsResponse> {
          const before = this.#free;
          this.#free = before.then(() => over(context));
          await before;
          yield* super.stream(requests, context);
        }
      })(),
  },
  {
    fault: "it takes no more than five streams at once",
    breaks: ["REC-72"],
    make: () =>
      new (class extends FaithfulHost {
        #open = 0;
        override async *stream(requests: AsyncIterable<StreamRecordsRequest>, context: HandlerContext) {
          if (this.#open === 5) throw new ConnectError("too many streams", Code.ResourceExhausted);
          this.#open++;
          context.signal.addEventListener("abort", () => this.#open--, { once: true });
          yield* super.stream(requests, context);
        }
      })(),
  },
  {
    fault: "it takes pings for an attack",
    breaks: ["REC-73"],
    make: () =>
      new (class extends FaithfulHost {
        override meet(session: ServerHttp2Session): void {
          let pings = 0;
          session.on("ping", () => {
            if (++pings > 3) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
          });
        }
      })(),
  },
];

/** Resolves when a call is over, however it ended. */
function over({ signal }: HandlerContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
