import { RecordSchema, StreamRecordsRequestSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import type { RecorderStream } from "../recorder-stream.ts";
import type { Requirement } from "../requirement.ts";
import { interception, manyRecords, wholeInterception } from "../sample-records.ts";
import { describeStatus, OK } from "../status.ts";
import type { Trial } from "../trial.ts";
import { Unmet } from "../unmet.ts";

/** Records that a data plane has on the wire without an acknowledgement, at most. */
const WINDOW_RECORDS = 8192;
const BATCH_RECORDS = 256;

/** StreamRecords: batches one way, cumulative acknowledgements the other way. */
export const streamRequirements: readonly Requirement[] = [
  {
    id: "REC-21",
    sentence: "An empty first batch is answered at once, acknowledging 0.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      stream.sendRequest(create(StreamRecordsRequestSchema));
      const { acknowledgedSequence } = await stream.firstAnswer();
      if (acknowledgedSequence !== 0n) {
        throw new Unmet("acknowledged_sequence 0", `acknowledged_sequence ${acknowledgedSequence}`);
      }
    },
  },
  {
    id: "REC-22",
    sentence: "A batch with all six kinds is acknowledged without waiting for more, and none is rejected.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      stream.send(wholeInterception());
      await stream.expectAcknowledged();
      stream.expectNoneRejected();
    },
  },
  {
    id: "REC-23",
    sentence: "An acknowledgement is never beyond what was sent, and never lower than one before it.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      stream.send(wholeInterception());
      await stream.expectAcknowledged();
      // From here on only what does come is looked at.
      let open = true;
      for (let batch = 0; batch < 4 && open; batch++) {
        open = await stream.acknowledgedInTime(stream.send(wholeInterception()));
      }
      for (let batch = 0; batch < 20; batch++) {
        stream.send(wholeInterception());
      }
      if (open) {
        await stream.acknowledgedInTime(stream.send(wholeInterception()));
      }
      expectLawful(stream);
    },
  },
  {
    id: "REC-24",
    sentence:
      "A stream goes on: each later batch is acknowledged up to its last record, counted from the stream's start.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      for (const size of [1, 6, 3, 12]) {
        stream.send(manyRecords(size));
        await stream.expectAcknowledged();
      }
    },
  },
  {
    id: "REC-25",
    sentence:
      "Each stream counts for itself: a later one starts at 1 again and is acknowledged by its own sequences.",
    needs: ["stream"],
    async check(trial) {
      await countOnNewStream(trial, 12);
      await countOnNewStream(trial, 5);
      await countOnNewStream(trial, 7);
    },
  },
  {
    id: "REC-26",
    sentence: "When the caller has finished sending, everything is acknowledged and the stream ends with OK.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      stream.send(manyRecords(30));
      stream.finish();
      await stream.expectAcknowledged();
      const end = await stream.end();
      if (end?.code !== OK) {
        throw new Unmet(
          "the stream to end with OK",
          end === undefined ? "it stays open" : describeStatus(end),
        );
      }
    },
  },
  {
    id: "REC-27",
    sentence: `${WINDOW_RECORDS} records sent without waiting for an answer are all acknowledged.`,
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream();
      for (let sent = 0; sent < WINDOW_RECORDS; sent += BATCH_RECORDS) {
        stream.send(manyRecords(BATCH_RECORDS));
      }
      await expectProgress(stream, WINDOW_RECORDS);
      stream.expectNoneRejected();
    },
  },
  {
    id: "REC-28",
    sentence:
      "A sequence that does not follow the one before it ends the stream with an error, unacknowledged.",
    needs: ["stream"],
    async check(trial) {
      await trial.storeByStream([interception()]);
      await expectStreamToFail(trial, "a first sequence of 2", [[2]], 0);
      await expectStreamToFail(trial, "sequence 0", [[0]], 0);
      await expectStreamToFail(trial, "a gap in a batch", [[1, 3]], 1);
      await expectStreamToFail(trial, "a gap between batches", [[1], [3]], 1);
      await expectStreamToFail(trial, "a repeated sequence", [[1, 2], [2]], 2);
    },
  },
];

/** @throws Unmet if an acknowledgement was beyond what was sent by then, or lower than one before it */
function expectLawful(stream: RecorderStream): void {
  let highest = 0;
  for (const { response, sentSequence } of stream.answers) {
    const acknowledged = Number(response.acknowledgedSequence);
    if (acknowledged > sentSequence) {
      throw new Unmet(
        `at most sequence ${sentSequence} acknowledged`,
        `sequence ${acknowledged} acknowledged`,
      );
    }
    if (acknowledged < highest) {
      throw new Unmet(
        "acknowledgements that do not shrink",
        `${acknowledged} acknowledged after ${highest} had been`,
      );
    }
    highest = acknowledged;
  }
}

async function countOnNewStream(trial: Trial, count: number): Promise<void> {
  const stream = trial.openStream();
  stream.send(manyRecords(count));
  await stream.expectAcknowledged();
  if (stream.acknowledged !== count) {
    throw new Unmet(
      `sequence ${count} acknowledged on a stream of ${count} records`,
      `sequence ${stream.acknowledged} acknowledged`,
    );
  }
  stream.finish();
}

/** Waits as long as acknowledgements keep coming: how fast a recorder is, is not the question. */
async function expectProgress(stream: RecorderStream, last: number): Promise<void> {
  for (let before = -1; stream.acknowledged < last && stream.acknowledged > before; ) {
    before = stream.acknowledged;
    await stream.acknowledgedInTime(Math.min(before + BATCH_RECORDS, last));
  }
  await stream.expectAcknowledged(last);
}

/** Sends batches with these sequences, the last of which is wrong. */
async function expectStreamToFail(
  trial: Trial,
  what: string,
  batches: readonly (readonly number[])[],
  acknowledgeable: number,
): Promise<void> {
  const stream = trial.openStream();
  for (const sequences of batches) {
    const records = sequences.map((sequence) =>
      create(RecordSchema, { sequence: BigInt(sequence), record: interception() }),
    );
    stream.sendRequest(create(StreamRecordsRequestSchema, { records }));
  }
  const end = await stream.end();
  if (end === undefined || end.code === OK) {
    const seen = end === undefined ? "it stays open" : "it ended with OK";
    throw new Unmet(`the stream to end with an error (INVALID_ARGUMENT, say) after ${what}`, seen);
  }
  if (stream.acknowledged > acknowledgeable) {
    throw new Unmet(
      `at most ${acknowledgeable} acknowledged after ${what}`,
      `${stream.acknowledged} acknowledged, then ${describeStatus(end)}`,
    );
  }
}
