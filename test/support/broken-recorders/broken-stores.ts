import type { GetInterceptionResponse } from "@aibridge/proto";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost, type Way } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

/** Faults that only show when what was acknowledged is read. */
export const brokenStores: readonly BrokenHost[] = [
  {
    fault: "it acknowledges before it stores",
    breaks: ["REC-81", "REC-82", "REC-83", "REC-84", "REC-85", "REC-86"],
    make: () =>
      new (class extends FaithfulHost {
        readonly #later: RecordBody[] = [];
        override keep(record: RecordBody): void {
          this.#later.push(record);
        }
        override read(id: string): GetInterceptionResponse | undefined {
          const found = super.read(id);
          for (const record of this.#later.splice(0)) this.store.add(record);
          return found;
        }
      })(),
  },
  {
    fault: "it does not store when a call took how long",
    breaks: ["REC-81", "REC-82", "REC-83", "REC-84"],
    make: () =>
      storing((record, { store }) => {
        if (record.case === "toolUsage") record.value.duration = undefined;
        store.add(record);
      }),
  },
  {
    fault: "it stores a record again that came again",
    breaks: ["REC-82"],
    make: () =>
      storing((record, { store }) => {
        if (record.case === "tokenUsage" && store.has(record)) store.addAgain(record);
        else store.add(record);
      }),
  },
  {
    fault: "it cuts long prompts without saying so",
    breaks: ["REC-83"],
    make: () =>
      storing((record, { store }) => {
        if (record.case === "promptUsage") record.value.prompt = record.value.prompt.slice(0, 65_535);
        store.add(record);
      }),
  },
  {
    fault: "it drops records that come before their interception",
    breaks: ["REC-84"],
    make: () =>
      storing((record, { store }) => {
        if (record.case === "interception" || store.knowsInterceptionOf(record)) store.add(record);
      }),
  },
  {
    fault: "the end that came last stays, whatever it is",
    breaks: ["REC-85"],
    make: () =>
      storing((record, { store }) => {
        if (record.case === "interceptionEnded") store.replaceEnd(record);
        else store.add(record);
      }),
  },
  {
    fault: "it stores records that it rejects",
    breaks: ["REC-86"],
    make: () =>
      new (class extends FaithfulHost {
        override problemOf(record: RecordBody, way: Way): string | undefined {
          this.store.add(record);
          return super.problemOf(record, way);
        }
      })(),
  },
];

function storing(keep: (record: RecordBody, host: FaithfulHost) => void): FaithfulHost {
  return new (class extends FaithfulHost {
    override keep(record: RecordBody): void {
      keep(record, this);
    }
  })();
}
