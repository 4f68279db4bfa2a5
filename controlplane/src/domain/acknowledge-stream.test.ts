import { expect, test } from "vitest";
import { acknowledgeStream, type CheckedBatch } from "./acknowledge-stream.ts";
import { Failure } from "./failure.ts";

function batch(first: bigint, last: bigint, rejected: CheckedBatch["rejected"] = []): CheckedBatch {
  return { first, last, records: [], rejected };
}

async function* from<T>(...values: T[]) {
  yield* values;
}

test("batches that become durable together are acknowledged once, in order", async () => {
  const saves: PromiseWithResolvers<void>[] = [];
  const save = () => {
    const pending = Promise.withResolvers<void>();
    saves.push(pending);
    if (saves.length === 3) {
      // The last to come ends first: it must not be acknowledged before those in front of it.
      for (const each of saves.toReversed()) {
        each.resolve();
      }
    }
    return pending.promise;
  };
  const rejection = { sequence: 2n, recordId: "", reason: "invalid_argument", message: "" } as const;
  const stream = acknowledgeStream(from(batch(1n, 1n), batch(2n, 4n, [rejection]), batch(5n, 6n)), save);

  const answers = [];
  for await (const answer of stream) {
    answers.push(answer);
  }

  expect(answers).toEqual([{ sequence: 6n, rejected: [rejection] }]);
});

test("reading goes on while batches wait, but not without bounds", async () => {
  let read = 0;
  async function* endless() {
    for (;;) {
      read += 1;
      yield batch(BigInt(read), BigInt(read));
    }
  }
  const first = Promise.withResolvers<void>();
  const full = Promise.withResolvers<void>();
  let saves = 0;
  const stream = acknowledgeStream(endless(), () => {
    saves += 1;
    if (saves === 32) {
      full.resolve();
    }
    return saves === 1 ? first.promise : new Promise(() => undefined);
  });
  const answer = stream.next();
  await full.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(saves).toBe(32);
  first.resolve();
  expect((await answer).value).toEqual({ sequence: 1n, rejected: [] });
});

test("a batch that cannot be stored ends the stream without acknowledging it or what follows", async () => {
  let saves = 0;
  const save = () => {
    saves += 1;
    return saves === 1 ? Promise.resolve() : Promise.reject(new Failure("unavailable", "no"));
  };
  const held = Promise.withResolvers<void>();
  async function* batches() {
    yield batch(1n, 1n);
    await held.promise;
    yield batch(2n, 2n);
    yield batch(3n, 3n);
  }
  const stream = acknowledgeStream(batches(), save);
  expect((await stream.next()).value).toEqual({ sequence: 1n, rejected: [] });
  held.resolve();
  await expect(stream.next()).rejects.toMatchObject({ reason: "unavailable" });
});

test.each([[[batch(2n, 2n)]], [[batch(1n, 3n), batch(5n, 5n)]], [[batch(1n, 3n), batch(3n, 4n)]]])(
  "a sequence with a gap or a repetition is refused",
  async (batches) => {
    const stream = acknowledgeStream(from(...batches), () => Promise.resolve());
    const drain = async () => {
      while (!(await stream.next()).done) {
        // Acknowledgements before the gap are right.
      }
    };
    await expect(drain()).rejects.toMatchObject({ reason: "invalid_argument" });
  },
);
