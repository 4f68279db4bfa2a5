import type { RecorderStream } from "../recorder-stream.ts";
import type { Requirement } from "../requirement.ts";
import { interception, manyRecords } from "../sample-records.ts";
import { describeStatus, expectStatus } from "../status.ts";
import { STORED } from "../trial.ts";
import { Unmet } from "../unmet.ts";

const STREAMS = 6;
const BATCHES = 10;
const RECORDS_OF_BATCH = 20;

const PING_INTERVAL_MS = 1000;
/** Servers that take pings for an attack end the connection at the fourth, by gRPC's defaults. */
const PINGS = 6;

/** Several data planes use one recorder at once, for days. */
export const concurrencyRequirements: readonly Requirement[] = [
  {
    id: "REC-71",
    sentence: "A stream that is open and idle holds up neither another stream nor a unary call.",
    needs: ["stream"],
    async check(trial) {
      const idle = trial.openStream();
      idle.send([interception()]);
      await idle.expectAcknowledged();
      const other = trial.openStream(trial.connect());
      other.send([interception()]);
      await other.expectAcknowledged();
      expectStatus("RecordInterception beside open streams", await trial.call(interception()), STORED);
    },
  },
  {
    id: "REC-72",
    sentence: `${STREAMS} busy streams at once are each acknowledged to the end, none of their records rejected.`,
    needs: ["stream"],
    async check(trial) {
      const streams = Array.from({ length: STREAMS }, () => trial.openStream(trial.connect()));
      for (const stream of streams) {
        stream.send([interception()]);
        await stream.expectAcknowledged();
      }
      // All of them stand, so that they are busy together.
      for (const stream of streams) {
        sendBatches(stream);
      }
      for (const stream of streams) {
        await stream.expectAcknowledged();
        stream.expectNoneRejected();
      }
    },
  },
  {
    id: "REC-73",
    sentence: "A connection that is pinged each second, as data planes do, is not ended for it.",
    needs: ["stream"],
    async check(trial) {
      const stream = trial.openStream(trial.connect({ pingIntervalMs: PING_INTERVAL_MS }));
      stream.send([interception()]);
      await stream.expectAcknowledged();
      const end = await stream.end(PINGS * PING_INTERVAL_MS);
      if (end !== undefined) {
        throw new Unmet("the stream to stay open while it is idle", `it ended with ${describeStatus(end)}`);
      }
      stream.send([interception()]);
      await stream.expectAcknowledged();
    },
  },
];

function sendBatches(stream: RecorderStream): void {
  for (let batch = 0; batch < BATCHES; batch++) {
    stream.send(manyRecords(RECORDS_OF_BATCH));
  }
}
