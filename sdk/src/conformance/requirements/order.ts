import { uuidv7 } from "@aibridge/proto/channel";
import type { Requirement } from "../requirement.ts";
import { interception, interceptionEnded, type RecordBody, wholeInterception } from "../sample-records.ts";

/** Records may come in any order, from several data planes, and after a control plane made up an end. */
export const orderRequirements: readonly Requirement[] = [
  {
    id: "REC-51",
    sentence: "Records are taken before the interception they belong to, and an end before its start.",
    needs: [],
    check: (trial) => trial.storeEachWay(() => wholeInterception().reverse()),
  },
  {
    id: "REC-52",
    sentence:
      "A provisional end and a real end of one interception are both taken, in either order, each more than once.",
    needs: [],
    async check(trial) {
      await trial.storeEachWay(() => endedTwice([true, false, true]));
      await trial.storeEachWay(() => endedTwice([false, true, false]));
    },
  },
];

/** A start, and ends of it that are provisional or not, with an id each. */
function endedTwice(provisional: readonly boolean[]): RecordBody[] {
  const id = uuidv7();
  return [interception({ id }), ...provisional.map((flag) => interceptionEnded(id, { provisional: flag }))];
}
