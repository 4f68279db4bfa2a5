import { chmodSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { RecorderService, UsageService } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { SmallDisk } from "../../test/support/small-disk.ts";
import { MariaDb } from "../../test/support/use-mariadb.ts";
import { codeOf } from "./test-support/record-batches.ts";
import { sampleInterception } from "./test-support/sample-records.ts";
import { type TestControlPlane, useControlPlane } from "./test-support/use-control-plane.ts";

const KEYS = { gatewayKey: "g".repeat(32), adminKey: "a".repeat(32) };
const MEBIBYTE = 1024 * 1024;
/** A MariaDB server without data takes up to this much. */
const SERVER_MEBIBYTES = 400;
const LARGE = "x".repeat(100_000);
/** Far more than any of the disks holds. */
const MAX_RECORDS = 1000;

function useDisk(mebibytes: number): SmallDisk {
  const disk = SmallDisk.mount(mebibytes);
  onTestFinished(() => disk[Symbol.dispose]());
  return disk;
}

/** Leaves some room on a disk and no more. */
function leaveRoom(disk: SmallDisk, mebibytes: number): void {
  const { blocks, bfree, bsize } = statfsSync(disk.folder);
  disk.resize(Math.ceil(((blocks - bfree) * bsize) / MEBIBYTE) + mebibytes);
}

async function useServerOn(disk: SmallDisk): Promise<MariaDb> {
  // The server does not run as root, and lies where temporary files do.
  chmodSync(disk.folder, 0o777);
  vi.stubEnv("TMPDIR", disk.folder);
  const server = await MariaDb.start();
  vi.unstubAllEnvs();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function readyz({ adminUrl }: TestControlPlane): Promise<number> {
  return (await fetch(`${adminUrl}/readyz`)).status;
}

/** Stores records until one is refused. Returns the ids of those that were acknowledged. */
async function fill(controlPlane: TestControlPlane): Promise<string[]> {
  const recorder = controlPlane.gateway(RecorderService);
  const stored: string[] = [];
  while (stored.length < MAX_RECORDS) {
    const interception = sampleInterception({ userAgent: LARGE });
    const code = await codeOf(recorder.recordInterception({ interception }));
    if (code !== undefined) {
      expect(code).toBe(Code.Unavailable);
      return stored;
    }
    stored.push(interception.id);
  }
  throw new Error(`${MAX_RECORDS} records fitted onto a small disk`);
}

test.runIf(SmallDisk.isAllowed).each([
  {
    name: "SQLite",
    open: async () => {
      const disk = useDisk(3);
      return {
        database: `sqlite:${join(disk.folder, "aibridge.db")}`,
        makeFull: () => undefined,
        makeRoom: async () => disk.resize(SERVER_MEBIBYTES),
      };
    },
  },
  {
    name: "MariaDB",
    open: async () => {
      const disk = useDisk(SERVER_MEBIBYTES);
      const server = await useServerOn(disk);
      return {
        database: await server.database("full"),
        makeFull: () => leaveRoom(disk, 1),
        makeRoom: async () => {
          disk.resize(SERVER_MEBIBYTES);
          // InnoDB ends the server when it finds no room for its own files.
          await server.stop();
          await server.start();
        },
      };
    },
  },
])(
  "a full disk under $name acknowledges nothing that is not stored, says so, and works again when there is room",
  async ({ open }) => {
    const { database, makeFull, makeRoom } = await open();
    const controlPlane = await useControlPlane({ database, ...KEYS });
    makeFull();

    const stored = await fill(controlPlane);

    expect(await readyz(controlPlane)).toBe(503);
    await makeRoom();
    const recorder = controlPlane.gateway(RecorderService);
    const interception = sampleInterception();
    await eventually(
      async () => (await codeOf(recorder.recordInterception({ interception }))) === undefined || undefined,
    );
    await eventually(async () => (await readyz(controlPlane)) === 200 || undefined);
    const usage = controlPlane.admin(UsageService);
    for (const id of [...stored, interception.id]) {
      expect(await codeOf(usage.getInterception({ id }))).toBeUndefined();
    }
  },
  60_000,
);
