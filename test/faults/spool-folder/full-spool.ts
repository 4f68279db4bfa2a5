/** What happens when a spool takes no more: its disk is full, its limit reached, its disk read-only. */
import { isDeepStrictEqual } from "node:util";
import { eventually } from "../../support/eventually.ts";
import { untilDelivered } from "../../support/gateway-metrics.ts";
import { SmallDisk } from "../../support/small-disk.ts";
import { SpoolTrial } from "../../support/spool-trial.ts";
import { protect, unprotect } from "../../support/write-protection.ts";
import { Expectations, type Findings } from "./findings.ts";

/** Long prompts fill a spool in few requests. */
const PROMPT_BYTES = 20_000;
/** How soon a gateway must take requests again, by itself, once it can. */
const RECOVERY_MS = 20_000;
/** Requests that follow, to see that it stays so. */
const FOLLOWING = 20;

export async function fullDisk(seed: number): Promise<Findings> {
  using disk = SmallDisk.mount(3);
  await using trial = await SpoolTrial.start({ seed, spool: disk.folder, promptBytes: PROMPT_BYTES });
  const expect = new Expectations();
  const seen = await fillUp(trial, expect);
  disk.resize(32);
  const recoveredMs = await recover(trial, expect);
  await trial.gateway.startControlPlane();
  const check = await trial.check();
  expect.stored(check);
  const lost = await trial.metric("records_lost_total");
  expect.hold(lost === 0, `${lost} records were counted as lost`);
  return { figures: { ...seen, recoveredMs, stored: check.stored, lost }, problems: expect.problems };
}

/** What does not fit is lost and counted: prompts of the last requests, but no start, no end and no token. */
export async function limitReached(seed: number): Promise<Findings> {
  const recording = "spool_max_bytes: 2MiB";
  await using trial = await SpoolTrial.start({ seed, recording, promptBytes: PROMPT_BYTES });
  const expect = new Expectations();
  const seen = await fillUp(trial, expect);
  await trial.gateway.startControlPlane();
  await untilDelivered(trial.gateway, RECOVERY_MS);
  const recoveredMs = await recover(trial, expect);
  const { problems, stored, sentTokens, storedTokens } = await trial.check();
  const content = problems.filter((problem) => /: (stored |the prompt is undefined)/.test(problem));
  expect.problems.push(...problems.filter((problem) => !content.includes(problem)));
  expect.hold(isDeepStrictEqual(storedTokens, sentTokens), "tokens are missing");
  const lost = await trial.metric("records_lost_total");
  expect.hold(
    content.length <= lost,
    `${content.length} interceptions are incomplete, ${lost} records counted as lost`,
  );
  return { figures: { ...seen, recoveredMs, stored, lost }, problems: expect.problems };
}

/** With `on_failure: pass` requests go on; what cannot be recorded of them is counted. */
export async function limitPassed(seed: number): Promise<Findings> {
  const recording = "spool_max_bytes: 1MiB, on_failure: pass";
  await using trial = await SpoolTrial.start({ seed, recording, promptBytes: PROMPT_BYTES });
  const expect = new Expectations();
  await trial.loseControlPlane();
  await trial.send(150);
  const refused = trial.sightings.filter(({ status }) => status === 503).length;
  expect.hold(refused === 0, `${refused} requests were refused`);
  const lost = await trial.metric("records_lost_total");
  expect.hold(lost > 0, "no loss was counted");
  await trial.gateway.startControlPlane();
  const { stored } = await trial.check();
  const startsLost = await trial.metric("records_lost_total", 'kind="interception"');
  const seen = trial.sightings.filter(({ interceptionId }) => interceptionId !== undefined).length;
  expect.hold(
    stored + startsLost >= seen,
    `${seen} were seen, ${stored} stored, ${startsLost} counted as lost`,
  );
  return { figures: { seen, stored, lost, startsLost }, problems: expect.problems };
}

/** The folder cannot be written any more while requests come: they are refused until it can. */
export async function readOnly(seed: number): Promise<Findings> {
  await using trial = await SpoolTrial.start({ seed });
  const expect = new Expectations();
  await trial.send(FOLLOWING);
  protect(trial.spool);
  try {
    expect.refused(await trial.refusal(), "spool_unavailable");
    const readiness = await trial.readiness();
    expect.hold(readiness.startsWith("503"), `/readyz says ${readiness}`);
  } finally {
    unprotect(trial.spool);
  }
  const recoveredMs = await recover(trial, expect);
  const check = await trial.check();
  expect.stored(check);
  return { figures: { recoveredMs, stored: check.stored }, problems: expect.problems };
}

/** The folder cannot be written at the start: the process says so and ends, and what is in the folder stays. */
export async function readOnlyAtStart(seed: number): Promise<Findings> {
  using disk = SmallDisk.mount(8);
  await using trial = await SpoolTrial.start({ seed, spool: disk.folder });
  const { dataPlane } = trial.gateway;
  const expect = new Expectations();
  await trial.loseControlPlane();
  await trial.send(FOLLOWING);
  await dataPlane.stop("SIGKILL");
  disk.makeReadOnly();
  dataPlane.start();
  const exitCode = await dataPlane.ended();
  expect.hold(exitCode === 2, `the exit code is ${exitCode}`);
  expect.hold(dataPlane.output.includes("cannot be used (EROFS)"), "it does not say why it ends");
  disk.makeWritable();
  await trial.gateway.startControlPlane();
  await trial.gateway.startDataPlane();
  const check = await trial.check();
  expect.stored(check);
  return { figures: { stored: check.stored }, problems: expect.problems };
}

/** Fills the spool while a stream is open, which must get to its end as if nothing were. */
async function fillUp(trial: SpoolTrial, expect: Expectations): Promise<Findings["figures"]> {
  const release = await trial.openStream();
  await trial.loseControlPlane();
  const { taken, refusal } = await trial.sendUntilRefused();
  expect.refused(refusal, "spool_full");
  const readiness = await trial.readiness();
  expect.hold(readiness.startsWith("503"), `/readyz says ${readiness}`);
  expect.hold((await trial.metric("records_refused_total")) > 0, "refusals are not counted");
  await release();
  expect.hold(trial.sightings.at(-1)?.whole === true, "the open stream did not get to its end");
  return { taken, readiness };
}

/** Waits until it says that it is ready, by itself, and is. Returns how long that took. */
async function recover(trial: SpoolTrial, expect: Expectations): Promise<number> {
  const startedAt = performance.now();
  await eventually(async () => (await trial.readiness()).startsWith("200") || undefined, RECOVERY_MS);
  const recoveredMs = Math.round(performance.now() - startedAt);
  const before = trial.sightings.length;
  await trial.send(FOLLOWING);
  const refused = trial.sightings.slice(before).filter(({ status }) => status === 503).length;
  expect.hold(refused === 0, `${refused} requests were refused after it was ready again`);
  return recoveredMs;
}
