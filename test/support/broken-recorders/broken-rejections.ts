import type { Record as RecordInStream, RejectedRecord, StreamRecordsRequest } from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost, rejection, type StreamState } from "./faithful-host.ts";

/** Faults with records that cannot be stored, or are from a later version. */
export const brokenRejections: readonly BrokenHost[] = [
  {
    fault: "an invalid record ends the stream",
    breaks: ["REC-41", "REC-43", "REC-86"],
    make: () =>
      new (class extends FaithfulHost {
        override takeRecord(record: RecordInStream) {
          const rejected = super.takeRecord(record);
          if (rejected?.code === Code.InvalidArgument) {
            throw new ConnectError(rejected.message, Code.InvalidArgument);
          }
          return rejected;
        }
      })(),
  },
  {
    fault: "an invalid record has its whole batch rejected",
    breaks: ["REC-41", "REC-86"],
    make: () =>
      new (class extends FaithfulHost {
        override async takeBatch(request: StreamRecordsRequest, state: StreamState) {
          const invalid = request.records.some(
            ({ record }) => record.case !== undefined && this.problemOf(record, "stream") !== undefined,
          );
          if (!invalid) return super.takeBatch(request, state);
          const rejected = request.records.map(({ sequence, record }) => {
            this.checkSequence(sequence, state);
            return rejection(sequence, record.value?.id ?? "", Code.InvalidArgument, "a bad batch");
          });
          return this.acknowledge(state.last, rejected, request.records.length);
        }
      })(),
  },
  {
    fault: "it does not name the rejected record's id",
    breaks: ["REC-41"],
    make: () =>
      new (class extends FaithfulHost {
        override takeRecord(record: RecordInStream) {
          const rejected = super.takeRecord(record);
          return rejected && { ...rejected, recordId: "" };
        }
      })(),
  },
  {
    fault: "it rejects with INTERNAL",
    breaks: ["REC-41", "REC-42"],
    make: () =>
      new (class extends FaithfulHost {
        override takeRecord(record: RecordInStream) {
          const rejected = super.takeRecord(record);
          return rejected && { ...rejected, code: Code.Internal };
        }
      })(),
  },
  {
    fault: "it acknowledges first and tells what is rejected later",
    breaks: ["REC-41", "REC-42"],
    make: () =>
      new (class extends FaithfulHost {
        override async *stream(...call: Parameters<FaithfulHost["stream"]>) {
          for await (const response of super.stream(...call)) {
            yield { ...response, rejected: [] };
            if (response.rejected.length > 0) yield response;
          }
        }
      })(),
  },
  {
    fault: "it acknowledges records of an unknown kind without rejecting them",
    breaks: ["REC-42"],
    make: () =>
      new (class extends FaithfulHost {
        override takeRecord(record: RecordInStream) {
          return record.record.case === undefined ? undefined : super.takeRecord(record);
        }
      })(),
  },
  {
    fault: "it does not answer a batch of which nothing is stored",
    breaks: ["REC-43"],
    make: () =>
      new (class extends FaithfulHost {
        override acknowledge(last: bigint, rejected: RejectedRecord[], records: number) {
          const stored = records > rejected.length || records === 0;
          return stored ? super.acknowledge(last, rejected, records) : undefined;
        }
      })(),
  },
  {
    fault: "it refuses records with members that it does not know",
    breaks: ["REC-44"],
    make: () =>
      new (class extends FaithfulHost {
        override problemOf(...[record, way]: Parameters<FaithfulHost["problemOf"]>) {
          return record.value.$unknown === undefined ? super.problemOf(record, way) : "an unknown field";
        }
      })(),
  },
];
