import { uuidv7 } from "@aibridge/proto/channel";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import {
  drain,
  end,
  killed,
  mib,
  openSpool,
  start,
  thought,
  useFolder,
} from "../test-support/spool-under-test.ts";

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("begin", "end", "acknowledge", "break"), kilobytes: fc.constant(0) }),
  fc.record({ kind: fc.constant("thought"), kilobytes: fc.integer({ min: 0, max: 90 }) }),
);

test("whatever happens before a crash, every record that was not acknowledged is delivered after it, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
      const root = useFolder();
      const { spool } = openSpool(root, { maxBytes: () => 4 * mib });
      const [kept, acknowledged, open]: [string[], Set<string>, string[]] = [[], new Set(), []];
      for (const one of steps) {
        if (one.kind === "begin") {
          const id = uuidv7();
          if (spool.begin(start(id)) === undefined) {
            open.push(id);
            kept.push(id);
          }
        } else if (one.kind === "acknowledge") {
          const records = await spool.take(5, mib);
          spool.acknowledge(records);
          for (const { ordinal } of records) acknowledged.add(kept[ordinal] as string);
        } else if (one.kind === "break") {
          await spool.take(3, mib);
          spool.rewind();
        } else if (open.length > 0) {
          const record =
            one.kind === "end"
              ? end(open.shift() as string)
              : thought(open[0] as string, "x".repeat(one.kilobytes * 1024));
          if (spool.append(record) === undefined) kept.push(record.id);
        }
      }
      spool.flush();
      const left = killed(root);
      await spool.close();
      const next = openSpool(left);
      const unacknowledged = kept.filter((id) => !acknowledged.has(id));
      await vi.waitFor(() =>
        expect(next.spool.size).toBeGreaterThanOrEqual(unacknowledged.length + 2 * open.length),
      );
      const delivered = (await drain(next.spool)).slice(2 * open.length).map(({ value }) => value.id);
      // What was acknowledged a moment before the crash may come again, in front; nothing else is too many or missing.
      expect(delivered.slice(delivered.length - unacknowledged.length)).toEqual(unacknowledged);
      expect(delivered.every((id) => kept.includes(id))).toBe(true);
      expect(next.lost).toEqual([]);
      await next.spool.close();
    }),
    { numRuns: 25 },
  );
}, 60_000);
