import { expect, test } from "vitest";
import { isUuid, uuidFromBytes, uuidToBytes, uuidv7 } from "./uuid.ts";

test("an id carries its time, version and variant", () => {
  const now = Date.now() + 60_000;
  const id = uuidv7(now);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(now);
});

test("ids grow strictly, many within a millisecond and while the clock goes back", () => {
  const now = Date.now() + 120_000;
  const ids = Array.from({ length: 20_000 }, (_, index) => uuidv7(now - index));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

test("text and bytes are the same id", () => {
  const id = uuidv7();
  expect(uuidToBytes(id)).toHaveLength(16);
  expect(uuidFromBytes(uuidToBytes(id))).toBe(id);
  const within = Buffer.concat([Buffer.alloc(3), uuidToBytes(id), Buffer.alloc(3)]);
  expect(uuidFromBytes(within.subarray(3, 19))).toBe(id);
});

test.each(["", "x", "019AB3F0-6C1E-7A55-8B9F-0D6C7F1A2B3C", "019ab3f06c1e7a558b9f0d6c7f1a2b3c"])(
  "%j is not taken for an id",
  (text) => {
    expect(isUuid(text)).toBe(false);
    expect(() => uuidToBytes(text)).toThrow(TypeError);
  },
);

test("one wrong character anywhere makes it no id", () => {
  const id = uuidv7();
  for (const wrong of ["-", "g", "A", " ", "\0", "\u0130", "\u{1f600}"]) {
    for (let at = 0; at < id.length; at += 1) {
      const text = id.slice(0, at) + wrong + id.slice(at + 1);
      expect([text, isUuid(text)]).toEqual([text, text === id]);
    }
  }
});

test("bytes of another length are refused", () => {
  expect(() => uuidFromBytes(new Uint8Array(15))).toThrow("16 bytes");
});
