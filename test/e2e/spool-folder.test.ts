import { expect, test } from "vitest";
import { folderTrials } from "../faults/spool-folder.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { canProtect } from "../support/write-protection.ts";

const seed = 20_261_122;
/** Both take root on Linux. What is not allowed here is shown as skipped. */
const allowed = { mount: SmallDisk.isAllowed, chattr: canProtect() };

for (const [name, { run, takes }] of Object.entries(folderTrials)) {
  test.skipIf(takes !== undefined && !allowed[takes])(name, async () => {
    expect((await run(seed)).problems).toEqual([]);
  });
}
