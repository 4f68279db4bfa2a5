import type { StreamRecordsRequest } from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import type { StreamState, Way } from "./faithful-host.ts";
import { FaithfulHost } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

const MIB = 1024 * 1024;
const DAY_SECONDS = 86_400n;

/** Faults with what records hold, and with their order. */
export const brokenContents: readonly BrokenHost[] = [
  {
    fault: "it wants an interception before its other records",
    breaks: ["REC-51", "REC-84"],
    make: () =>
      refusing(
        (record, { store }) =>
          record.case !== "interception" &&
          !store.knowsInterceptionOf(record) &&
          "FOREIGN KEY constraint failed",
      ),
  },
  {
    fault: "it takes one end of an interception only",
    breaks: ["REC-52", "REC-85"],
    make: () =>
      refusing(
        (record, { store }) =>
          record.case === "interceptionEnded" &&
          !store.has(record) &&
          store.read(record.value.interceptionId)?.ended !== undefined &&
          "it has ended",
      ),
  },
  {
    fault: "it reads messages up to 1 MiB only",
    breaks: ["REC-61", "REC-62", "REC-64", "REC-83"],
    make: () =>
      new (class extends FaithfulHost {
        override readMaxBytes = MIB;
      })(),
  },
  {
    fault: "its prompts have a column of 64 KiB",
    breaks: ["REC-61", "REC-83"],
    make: () =>
      refusing(
        (record) =>
          record.case === "promptUsage" && record.value.prompt.length > 65_535 && "the prompt is too long",
      ),
  },
  {
    fault: "it takes batches of up to 100 records",
    breaks: ["REC-27", "REC-36", "REC-63", "REC-64"],
    make: () =>
      new (class extends FaithfulHost {
        override takeBatch(request: StreamRecordsRequest, state: StreamState) {
          if (request.records.length > 100) throw new ConnectError("too many", Code.ResourceExhausted);
          return super.takeBatch(request, state);
        }
      })(),
  },
  {
    fault: "it cannot store NUL",
    breaks: ["REC-65", "REC-83"],
    make: () =>
      refusing(
        (record) =>
          Object.values(record.value).some((value) => typeof value === "string" && value.includes("\0")) &&
          "invalid byte sequence",
      ),
  },
  {
    fault: "its tool calls have a column of the type JSON",
    breaks: ["REC-65", "REC-83"],
    make: () => refusing((record) => record.case === "toolUsage" && jsonProblem(record.value.input)),
  },
  {
    fault: "it wants every interception to have a session",
    breaks: ["REC-66"],
    make: () =>
      refusing(
        (record) =>
          record.case === "interception" &&
          record.value.clientSessionId === undefined &&
          "the session is missing",
      ),
  },
  {
    fault: "it refuses records that are a year away from its own clock",
    breaks: ["REC-67"],
    make: () =>
      refusing((record) => {
        if (record.case !== "promptUsage") return false;
        const now = BigInt(Math.floor(Date.now() / 1000));
        const away = (record.value.createdAt?.seconds ?? now) - now;
        return (away > 365n * DAY_SECONDS || -away > 365n * DAY_SECONDS) && "wrong time";
      }),
  },
  {
    fault: "its counts have the type of JavaScript's numbers",
    breaks: ["REC-68", "REC-83"],
    make: () =>
      refusing(
        (record) =>
          record.case === "tokenUsage" &&
          !Number.isSafeInteger(Number(record.value.inputTokens)) &&
          "out of range",
      ),
  },
];

/** A host that has one more reason to refuse records. */
function refusing(reason: (record: RecordBody, host: FaithfulHost) => string | false): FaithfulHost {
  return new (class extends FaithfulHost {
    override problemOf(record: RecordBody, way: Way): string | undefined {
      return super.problemOf(record, way) ?? (reason(record, this) || undefined);
    }
  })();
}

function jsonProblem(text: string): string | false {
  if (text === "") return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return "it does not parse";
  }
}
