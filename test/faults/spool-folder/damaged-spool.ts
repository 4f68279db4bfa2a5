/** What happens when a process is killed, and what it left behind is not as it was written. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { randomNumbers } from "../../support/random-numbers.ts";
import { SpoolTrial } from "../../support/spool-trial.ts";
import { Expectations, type Findings } from "./findings.ts";

const REQUESTS = 40;
/** The end of the last entry that is cut off: less than its head and its id. */
const MAX_CUT_BYTES = 40;

/** A byte changes in the middle of a segment: that record is lost, and nothing else. */
export async function damagedSegment(seed: number): Promise<Findings> {
  const random = randomNumbers(seed);
  await using trial = await SpoolTrial.start({ seed });
  const expect = new Expectations();
  await leaveBacklog(trial);
  const whole = trial.sightings.filter((sighting) => sighting.whole);
  const victim = whole[Math.floor(random() * whole.length)]?.request;
  if (victim === undefined) throw new Error("no answer was seen whole");
  changeByte(trial.spool, victim.prompt);
  await startAgain(trial);
  const { problems, stored } = await trial.check();
  const [only, ...others] = problems;
  expect.problems.push(...others);
  const saysSo = only?.includes(`request ${victim.number}`) && only.includes("the prompt is undefined");
  expect.hold(
    saysSo === true,
    `the prompt of request ${victim.number} should be all that is missing: ${only}`,
  );
  const lost = await trial.metric("records_lost_total", 'kind="unknown"');
  expect.hold(lost === 1, `${lost} records were counted as lost`);
  expect.hold(await isLogged(trial, "a part of the spool cannot be read"), "the damage is not logged");
  return { figures: { requests: REQUESTS, stored, lost }, problems: expect.problems };
}

/** The last write is there in part: what it held is lost, and nothing else. */
export async function lastWriteCutOff(seed: number): Promise<Findings> {
  const random = randomNumbers(seed);
  await using trial = await SpoolTrial.start({ seed });
  const expect = new Expectations();
  await leaveBacklog(trial);
  const cut = 1 + Math.floor(random() * MAX_CUT_BYTES);
  const last = segmentsOf(trial.spool).at(-1) ?? "";
  truncateSync(last, statSync(last).size - cut);
  await startAgain(trial);
  const { problems, stored } = await trial.check();
  // At most one: an end that is cut off is closed as crashed, which is no problem.
  expect.problems.push(...problems.slice(1));
  const lost = await trial.metric("records_lost_total", 'kind="unknown"');
  expect.hold(lost === 1, `${lost} records were counted as lost`);
  expect.hold(
    await isLogged(trial, "the last write to the spool was cut off"),
    "the torn write is not logged",
  );
  return { figures: { requests: REQUESTS, cut, stored, lost }, problems: expect.problems };
}

/** Sends requests while the recorder is away, and kills the data plane: what they recorded is in its folder alone. */
async function leaveBacklog(trial: SpoolTrial): Promise<void> {
  await trial.loseControlPlane();
  await trial.send(REQUESTS);
  await trial.gateway.dataPlane.stop("SIGKILL");
}

async function startAgain(trial: SpoolTrial): Promise<void> {
  await trial.gateway.startControlPlane();
  await trial.gateway.startDataPlane();
}

function isLogged({ gateway }: SpoolTrial, message: string): Promise<boolean> {
  return eventually(() => gateway.dataPlane.output.includes(message) || undefined).catch(() => false);
}

/** Changes one byte in the first place where a text stands. */
function changeByte(spool: string, text: string): void {
  for (const path of segmentsOf(spool)) {
    const bytes = readFileSync(path);
    const at = bytes.indexOf(text);
    if (at === -1) continue;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at);
    writeFileSync(path, bytes);
    return;
  }
  throw new Error(`"${text}" is in no segment`);
}

/** Paths of all segments, each log's in order. */
function segmentsOf(spool: string): string[] {
  return readdirSync(spool, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".log"))
    .sort()
    .map((path) => join(spool, path));
}
