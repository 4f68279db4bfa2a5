import { StreamRecordsRequestSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { acknowledgeStream } from "./acknowledge-stream.ts";
import { prompt } from "./test-support/sample-records.ts";

test("no more is read than the window takes", async () => {
  let read = 0;
  const endless = async function* () {
    for (;;) {
      read += 1;
      yield create(StreamRecordsRequestSchema, {
        records: [{ sequence: BigInt(read), record: prompt(`${read}`) }],
      });
    }
  };
  const stored: (() => void)[] = [];
  const store = () => new Promise<void>((resolve) => stored.push(resolve));
  const acknowledgements = acknowledgeStream(endless(), store, 3);
  const first = acknowledgements.next();
  await expect.poll(() => stored.length).toBe(3);
  // One more is read ahead, but not stored.
  expect(read).toBe(4);
  stored[2]?.();
  stored[1]?.();
  expect(await Promise.race([first, "nothing yet"])).toBe("nothing yet");
  stored[0]?.();
  expect((await first).value).toMatchObject({ acknowledgedSequence: 1n, rejected: [] });
  expect((await acknowledgements.next()).value).toMatchObject({ acknowledgedSequence: 2n });
  await expect.poll(() => stored.length).toBeGreaterThan(3);
  expect(read).toBeLessThanOrEqual(6);
});
