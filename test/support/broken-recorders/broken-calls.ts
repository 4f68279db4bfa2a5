import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

/** Calls that take less are of a caller in a hurry, in milliseconds. */
const SHORT_DEADLINE_MS = 1000;

/** Faults in the unary methods. */
export const brokenCalls: readonly BrokenHost[] = [
  {
    fault: "its calls answer ALREADY_EXISTS to every record",
    breaks: ["REC-11"],
    make: () =>
      new (class extends FaithfulHost {
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          await super.call(record, context);
          throw new ConnectError("stored", Code.AlreadyExists);
        }
      })(),
  },
  {
    fault: "a call with a record it has is an INTERNAL error",
    breaks: ["REC-12", "REC-15", "REC-34", "REC-82"],
    make: () =>
      new (class extends FaithfulHost {
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          if (record !== undefined && this.store.has(record)) {
            throw new ConnectError("UNIQUE constraint failed", Code.Internal);
          }
          await super.call(record, context);
        }
      })(),
  },
  {
    fault: "its calls answer OK to records that are not valid, without storing them",
    breaks: ["REC-13"],
    make: () =>
      new (class extends FaithfulHost {
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          if (record !== undefined && this.problemOf(record, "call") === undefined) {
            await super.call(record, context);
          }
        }
      })(),
  },
  {
    fault: "a call without a record is an INTERNAL error",
    breaks: ["REC-13"],
    make: () =>
      new (class extends FaithfulHost {
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          if (record === undefined) throw new ConnectError("nil dereference", Code.Internal);
          await super.call(record, context);
        }
      })(),
  },
  {
    fault: "it takes one call at a time and refuses others",
    breaks: ["REC-14"],
    make: () =>
      new (class extends FaithfulHost {
        #busy = false;
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          if (this.#busy) throw new ConnectError("busy", Code.ResourceExhausted);
          this.#busy = true;
          await new Promise((resolve) => setImmediate(resolve));
          this.#busy = false;
          await super.call(record, context);
        }
      })(),
  },
  {
    fault: "a call that was given up leaves its record locked",
    breaks: ["REC-15"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #locked = new Set<string>();
        override async call(record: RecordBody | undefined, context: HandlerContext): Promise<void> {
          const id = record?.value.id ?? "";
          if (this.#locked.has(id)) throw new ConnectError("the row is locked", Code.Aborted);
          if ((context.timeoutMs() ?? SHORT_DEADLINE_MS) < SHORT_DEADLINE_MS) {
            this.#locked.add(id);
            await aborted(context.signal);
          }
          await super.call(record, context);
        }
      })(),
  },
];

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
