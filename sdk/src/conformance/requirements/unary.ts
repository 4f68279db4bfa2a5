import { Code } from "@connectrpc/connect";
import { callWith, callWithout, methodName, RECORD_KINDS } from "../record-calls.ts";
import type { Requirement } from "../requirement.ts";
import { interception, manyRecords, wholeInterception } from "../sample-records.ts";
import { expectStatus, OK, statusOf } from "../status.ts";
import { STORED, type Trial } from "../trial.ts";
import { invalidRecords } from "./invalid-records.ts";

/** Unary calls that a data plane has under way at once. */
const CONCURRENT_CALLS = 16;

/** From one that passes before the call is read to one that it meets. */
const DEADLINES_MS = [1, 5, 25, 125];

const REJECTED = [Code.InvalidArgument, Code.OutOfRange] as const;

/** The six unary methods. */
export const unaryRequirements: readonly Requirement[] = [
  {
    id: "REC-11",
    sentence: "Each of the six unary methods answers OK to a record that is new.",
    needs: [],
    async check(trial) {
      for (const record of wholeInterception()) {
        expectStatus(methodName(record.case), await trial.call(record), [OK]);
      }
    },
  },
  {
    id: "REC-12",
    sentence: "The same record sent twice by its unary method is answered OK or ALREADY_EXISTS.",
    needs: [],
    async check(trial) {
      for (const record of wholeInterception()) {
        await trial.call(record);
        expectStatus(`the second ${methodName(record.case)}`, await trial.call(record), STORED);
      }
    },
  },
  {
    id: "REC-13",
    sentence:
      "By the unary methods a record that is not valid, or none, is answered INVALID_ARGUMENT or OUT_OF_RANGE.",
    needs: [],
    async check(trial) {
      for (const { record, defect } of invalidRecords()) {
        expectStatus(`${methodName(record.case)} with ${defect}`, await trial.call(record), REJECTED);
      }
      await expectEmptyRejected(trial);
    },
  },
  {
    id: "REC-14",
    sentence: `${CONCURRENT_CALLS} unary calls at once are all answered OK or ALREADY_EXISTS.`,
    needs: [],
    async check(trial) {
      const records = manyRecords(CONCURRENT_CALLS * 6);
      for (let start = 0; start < records.length; start += CONCURRENT_CALLS) {
        const calls = records.slice(start, start + CONCURRENT_CALLS).map((record) => trial.call(record));
        for (const status of await Promise.all(calls)) {
          expectStatus("one of the calls", status, STORED);
        }
      }
    },
  },
  {
    id: "REC-15",
    sentence: "A call whose deadline passes does no harm: the same record sent again is stored.",
    needs: [],
    async check(trial) {
      const { recorder } = trial.connection;
      for (const deadlineMs of DEADLINES_MS) {
        const record = interception();
        await statusOf(callWith(recorder, record, { timeoutMs: deadlineMs }));
        expectStatus("the record sent again", await trial.call(record), STORED);
      }
    },
  },
];

async function expectEmptyRejected(trial: Trial): Promise<void> {
  const { timeoutMs } = trial.settings;
  for (const kind of RECORD_KINDS) {
    const status = await statusOf(callWithout(trial.connection.recorder, kind, { timeoutMs }));
    expectStatus(`${methodName(kind)} without a record`, status, REJECTED);
  }
}
