import type { RecorderStream } from "../recorder-stream.ts";
import type { Requirement } from "../requirement.ts";
import { interception, manyRecords, wholeInterception } from "../sample-records.ts";
import type { Trial } from "../trial.ts";

/** Streams that send the same records at the same moment. */
const RIVALS = 4;

/** A record's id is its idempotency key: however often and wherever it arrives, it is stored once and is no error. */
export const idempotencyRequirements: readonly Requirement[] = [
  {
    id: "REC-31",
    sentence: "The same record twice in one batch is acknowledged twice and not rejected.",
    needs: ["stream"],
    check: (trial) => trial.storeByStream(wholeInterception().flatMap((record) => [record, record])),
  },
  {
    id: "REC-32",
    sentence: "The same record in two batches of a stream is acknowledged twice and not rejected.",
    needs: ["stream"],
    async check(trial) {
      const records = wholeInterception();
      const stream = trial.openStream();
      stream.send(records);
      await stream.expectAcknowledged();
      stream.send(records);
      await stream.expectAcknowledged();
      stream.expectNoneRejected();
    },
  },
  {
    id: "REC-33",
    sentence: "The same record on two streams is acknowledged on both and not rejected.",
    needs: ["stream"],
    async check(trial) {
      const records = wholeInterception();
      await trial.storeByStream(records);
      await trial.storeByStream(records);
    },
  },
  {
    id: "REC-34",
    sentence:
      "The same record by a stream and by its unary method, in either order, is stored both times without an error.",
    needs: ["stream"],
    async check(trial) {
      const streamed = wholeInterception();
      await trial.storeByStream(streamed);
      await trial.storeByCalls(streamed);
      const called = wholeInterception();
      await trial.storeByCalls(called);
      await trial.storeByStream(called);
    },
  },
  {
    id: "REC-35",
    sentence:
      "The same records on several streams at the same moment are acknowledged on all and not rejected.",
    needs: ["stream"],
    async check(trial) {
      const streams = Array.from({ length: RIVALS }, () => trial.openStream(trial.connect()));
      for (const stream of streams) {
        stream.send([interception()]);
        await stream.expectAcknowledged();
      }
      // All of them stand, so that the batches arrive together.
      const records = manyRecords(60);
      for (const stream of streams) {
        stream.send(records);
      }
      for (const stream of streams) {
        await stream.expectAcknowledged();
        stream.expectNoneRejected();
      }
    },
  },
  {
    id: "REC-36",
    sentence:
      "When a connection breaks before the acknowledgement, everything sent again on the next one is acknowledged.",
    needs: ["stream"],
    async check(trial) {
      await resendAfterBreak(trial, (stream) => stream.handedOver());
      // The acknowledgement was on its way and is lost: the records are durable already.
      await resendAfterBreak(trial, (stream) => stream.expectAcknowledged());
    },
  },
];

async function resendAfterBreak(
  trial: Trial,
  until: (stream: RecorderStream) => Promise<void>,
): Promise<void> {
  const records = manyRecords(256);
  const broken = trial.connect();
  const stream = trial.openStream(broken);
  stream.send(records);
  await until(stream);
  broken.close();
  const next = trial.openStream(trial.connect());
  next.send(records);
  await next.expectAcknowledged();
  next.expectNoneRejected();
  next.finish();
}
