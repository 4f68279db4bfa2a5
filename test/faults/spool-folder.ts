/**
 * Does to the folder of a spool what happens to folders: fills its disk, reaches its limit, makes it read-only, damages
 * and cuts off what is in it, shares it, and kills one of those who share it. Compares what is stored afterwards with
 * what clients saw.
 *
 *     node test/faults/spool-folder.ts [--only NAME] [--seed N]
 *
 * It fails if something else happens than docs/durability.md says. It takes root, to mount small disks.
 */
import { commandOptions, oneOf } from "../support/command-options.ts";
import { anySeed } from "../support/random-numbers.ts";
import { damagedSegment, lastWriteCutOff } from "./spool-folder/damaged-spool.ts";
import type { Findings } from "./spool-folder/findings.ts";
import { fullDisk, limitPassed, limitReached, readOnly, readOnlyAtStart } from "./spool-folder/full-spool.ts";
import { oneKilledOfTwo } from "./spool-folder/shared-spool.ts";

/** Something that happens to the folder, tried on a gateway of its own. */
export interface FolderTrial {
  readonly run: (seed: number) => Promise<Findings>;
  /** What it takes that not every machine allows. @default nothing */
  readonly takes?: "mount" | "chattr";
}

export const folderTrials: Readonly<Record<string, FolderTrial>> = {
  "full-disk": { run: fullDisk, takes: "mount" },
  "limit-reached": { run: limitReached },
  "limit-passed": { run: limitPassed },
  "read-only": { run: readOnly, takes: "chattr" },
  "read-only-at-start": { run: readOnlyAtStart, takes: "mount" },
  "damaged-segment": { run: damagedSegment },
  "last-write-cut-off": { run: lastWriteCutOff },
  "one-killed-of-two": { run: oneKilledOfTwo },
};

if (import.meta.main) {
  const { only, seed } = commandOptions({ only: "all", seed: anySeed() });
  const chosen = oneOf("only", only, ["all", ...Object.keys(folderTrials)]);
  process.stdout.write(`spool folder, seed ${seed}\n`);
  for (const [name, trial] of Object.entries(folderTrials)) {
    if (chosen !== "all" && chosen !== name) continue;
    const { figures, problems } = await trial.run(seed);
    process.stdout.write(`${name}: ${JSON.stringify(figures)}\n`);
    for (const problem of problems) process.stdout.write(`  ${problem}\n`);
    if (problems.length > 0) process.exitCode = 1;
  }
}
