import { expect, test } from "vitest";
import { awayProblems, measureAway, recorderKinds, useAwayRecorder } from "../faults/recorder-away.ts";

/** Other tests take their part of the machine meanwhile. */
const SHARE = 0.2;

test.each(recorderKinds)(
  "%s: the recorder away for a while under traffic: nothing fails, memory stays, the backlog drains fast",
  async (kind) => {
    await using recorder = await useAwayRecorder(kind);
    const outcome = await measureAway(recorder, { awayMs: 8_000, beforeMs: 2_000, rate: 200 });
    expect(awayProblems(outcome, SHARE)).toEqual([]);
    // Five records each, of most of the requests of that time.
    expect(outcome.backlog).toBeGreaterThan(5_000);
  },
  90_000,
);
