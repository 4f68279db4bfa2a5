import { RecordSchema, type StreamRecordsRequest, StreamRecordsRequestSchema } from "@aibridge/proto";
import { create, type UnknownField } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { RecorderStream } from "../recorder-stream.ts";
import type { Requirement } from "../requirement.ts";
import { interception, type RecordBody, wholeInterception } from "../sample-records.ts";
import { describeStatus, statusName } from "../status.ts";
import { Unmet } from "../unmet.ts";
import { invalidRecords } from "./invalid-records.ts";

const REFUSALS = [Code.InvalidArgument, Code.OutOfRange];

/** A member that no version of the contract has: field 999, length-delimited, four bytes. */
const UNKNOWN_MEMBER: UnknownField = { no: 999, wireType: 2, data: Uint8Array.of(3, 0x6e, 0x65, 0x77) };

/** Records that can never be stored, and those that a later version may bring. */
export const rejectionRequirements: readonly Requirement[] = [
  {
    id: "REC-41",
    sentence:
      "Invalid records in a batch are rejected by sequence, record_id and code, no later than they are acknowledged; the others are not.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      const invalid = new Map<number, RecordBody>();
      const records = invalidRecords().flatMap(({ record }, index) => {
        invalid.set(2 * index + 2, record);
        return [interception(), record];
      });
      stream.send([...records, interception()]);
      await stream.expectAcknowledged();
      for (const [sequence, { value }] of invalid) {
        expectRejected(stream, sequence, REFUSALS, value.id);
      }
      expectNoOthersRejected(stream, new Set(invalid.keys()));
      expectTold(stream);
    },
  },
  {
    id: "REC-42",
    sentence:
      "A record of a kind that the recorder does not know is rejected with UNIMPLEMENTED; the others are stored.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      const unknown = create(RecordSchema, { sequence: 2n });
      unknown.$unknown = [UNKNOWN_MEMBER];
      const known = (sequence: bigint) => create(RecordSchema, { sequence, record: interception() });
      const records = [known(1n), unknown, known(3n)];
      stream.sendRequest(create(StreamRecordsRequestSchema, { records }));
      await stream.expectAcknowledged(3);
      expectRejected(stream, 2, [Code.Unimplemented], "");
      expectNoOthersRejected(stream, new Set([2]));
      expectTold(stream);
    },
  },
  {
    id: "REC-43",
    sentence: "A batch of which every record is rejected is acknowledged.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      stream.send(invalidRecords().map(({ record }) => record));
      await stream.expectAcknowledged();
    },
  },
  {
    id: "REC-44",
    sentence:
      "Members that the recorder does not know, in a batch or in a record, are no reason to refuse a record.",
    needs: [],
    async check(trial) {
      await trial.storeByCalls(withUnknownMembers(wholeInterception()));
      if (trial.settings.streams) {
        const stream = trial.openStream();
        stream.sendRequest(requestWithUnknownMembers(withUnknownMembers(wholeInterception())));
        await stream.expectAcknowledged(6);
        stream.expectNoneRejected();
      }
    },
  },
];

function withUnknownMembers(records: readonly RecordBody[]): readonly RecordBody[] {
  for (const { value } of records) {
    value.$unknown = [UNKNOWN_MEMBER];
  }
  return records;
}

function requestWithUnknownMembers(bodies: readonly RecordBody[]): StreamRecordsRequest {
  const records = bodies.map((record, index) =>
    create(RecordSchema, { sequence: BigInt(index + 1), record }),
  );
  const request = create(StreamRecordsRequestSchema, { records });
  for (const message of [request, ...records]) {
    message.$unknown = [UNKNOWN_MEMBER];
  }
  return request;
}

function expectRejected(
  stream: RecorderStream,
  sequence: number,
  codes: readonly Code[],
  recordId: string,
): void {
  const rejection = stream.rejected.find((rejected) => Number(rejected.sequence) === sequence);
  const wanted = `sequence ${sequence} rejected with ${codes.map(statusName).join(" or ")}`;
  if (rejection === undefined) {
    throw new Unmet(wanted, `sequence ${sequence} acknowledged without being rejected`);
  }
  const { code, message } = rejection;
  if (!codes.includes(code)) {
    throw new Unmet(wanted, `sequence ${sequence} rejected with ${describeStatus({ code, message })}`);
  }
  if (rejection.recordId !== recordId) {
    throw new Unmet(
      `record_id "${recordId}" in the rejection of sequence ${sequence}`,
      `record_id "${rejection.recordId}"`,
    );
  }
}

/** @throws Unmet if a record was rejected that there is nothing wrong with */
function expectNoOthersRejected(stream: RecorderStream, invalid: ReadonlySet<number>): void {
  const wrong = stream.rejected.find(({ sequence }) => !invalid.has(Number(sequence)));
  if (wrong !== undefined) {
    throw new Unmet(
      `sequence ${wrong.sequence}, a valid record, not to be rejected`,
      `it is rejected with ${describeStatus({ code: wrong.code, message: wrong.message })}`,
    );
  }
}

/** @throws Unmet if a rejection came after its acknowledgement, when a data plane has forgotten the record already */
function expectTold(stream: RecorderStream): void {
  let acknowledged = 0n;
  const told = new Set<bigint>();
  for (const { response } of stream.answers) {
    for (const { sequence } of response.rejected) {
      if (sequence <= acknowledged && !told.has(sequence)) {
        throw new Unmet(
          `the rejection of sequence ${sequence} no later than its acknowledgement`,
          `it came after sequence ${acknowledged} had been acknowledged`,
        );
      }
      told.add(sequence);
    }
    acknowledged = response.acknowledgedSequence;
  }
}
