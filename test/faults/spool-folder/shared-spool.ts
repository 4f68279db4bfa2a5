/** What happens when two data planes share a spool, and one of them is killed. */
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { AibridgeProcess } from "../../support/aibridge-process.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { learnCaller } from "../../support/learn-caller.ts";
import { SpoolTrial } from "../../support/spool-trial.ts";
import type { GatewayUnderTest } from "../../support/use-gateway.ts";
import { Expectations, type Findings } from "./findings.ts";

/** Requests to the one that is killed, and how many of them are over when it is. */
const REQUESTS = 80;
const BEFORE_KILL = 40;
/** How soon the other one must have delivered what the dead one left, and removed its folder. */
const ADOPTION_MS = 20_000;

export async function oneKilledOfTwo(seed: number): Promise<Findings> {
  await using trial = await SpoolTrial.start({ seed });
  await using second = await startSecond(trial.gateway, trial.spool);
  const expect = new Expectations();
  await learnCaller({ ...trial.gateway, url: second.url });
  await trial.loseControlPlane();
  expect.hold(trial.folders().length === 2, `two data planes have ${trial.folders().length} folders`);

  const sending = trial.send(REQUESTS, second.url);
  await eventually(() => trial.sightings.length >= BEFORE_KILL || undefined);
  await second.process.stop("SIGKILL");
  await sending;
  await trial.send(BEFORE_KILL);
  await trial.gateway.startControlPlane();
  const startedAt = performance.now();
  await eventually(() => trial.folders().length === 1 || undefined, ADOPTION_MS);
  const adoptedMs = Math.round(performance.now() - startedAt);

  expect.hold(
    deletedSegmentsOf(trial.gateway.dataPlane.pid).length === 0,
    "files of the dead one are still held open",
  );
  const check = await trial.check();
  expect.stored(check);
  const served = new Set(
    (await trial.gateway.interceptions()).map(({ interception }) => interception?.gatewayId),
  );
  expect.hold(served.size === 2, `records are of ${[...served].join(", ")}`);
  const { stored, crashed, seen } = check;
  return { figures: { seen, stored, crashed, adoptedMs }, problems: expect.problems };
}

/** Segments that a process has open and that have no name any more: they still take their place on the disk. Linux only. */
function deletedSegmentsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor));
    } catch {
      return "closed meanwhile";
    }
  });
  return targets.filter((target) => target.endsWith(".log (deleted)"));
}

/** Starts another data plane on the spool of a gateway. */
async function startSecond(gateway: GatewayUnderTest, spool: string) {
  const [listen, adminListen] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const process = new AibridgeProcess(
    [
      ...["dataplane", "--listen", listen, "--admin-listen", adminListen],
      ...["--controlplane", gateway.controlPlaneUrl, "--spool", spool, "--gateway-id", "gw-second"],
    ],
    { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey },
    gateway.folder,
  );
  process.start();
  await process.ready(`http://${adminListen}`);
  return {
    url: `http://${listen}`,
    process,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
