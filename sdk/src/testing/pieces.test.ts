import fc from "fast-check";
import { expect, test } from "vitest";
import { cutPieces, splitText, takeBytes } from "./pieces.ts";

const characters = fc.array(fc.constantFrom("a", "é", "中", "🌍", "\n")).map((all) => all.join(""));

test("deltas are whole characters and add up to the text", () => {
  expect(splitText("", 4)).toEqual([]);
  expect(splitText("🌍🌍🌍", 2)).toEqual(["🌍🌍", "🌍"]);
  fc.assert(
    fc.property(characters, fc.integer({ min: 1, max: 9 }), (text, length) => {
      const deltas = splitText(text, length);
      expect(deltas.join("")).toBe(text);
      expect(deltas.every((delta) => Array.from(delta).length <= length)).toBe(true);
    }),
  );
});

const pieces = fc.array(fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)));

test("cutting moves the boundaries and never the bytes", () => {
  const cutting = fc.record({ cutAt: fc.array(fc.nat(50)), cutEvery: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(pieces, cutting, (body, cuts) => {
      expect(Buffer.concat(cutPieces(body, cuts))).toEqual(Buffer.concat(body));
    }),
  );
  const body = [Buffer.from("abcdef"), Buffer.from("ghi")];
  expect(cutPieces(body, { cutAt: [8, 1, 99] }).map(String)).toEqual(["a", "bcdefgh", "i"]);
  expect(cutPieces(body, { cutEvery: 4 }).map(String)).toEqual(["abcd", "efgh", "i"]);
  expect(cutPieces(body, {}).map(String)).toEqual(["abcdef", "ghi"]);
});

test("taking bytes divides the piece the place lies in", () => {
  fc.assert(
    fc.property(pieces, fc.nat(60), (body, bytes) => {
      const { taken, rest } = takeBytes(body, bytes);
      const whole = Buffer.concat(body);
      expect(Buffer.concat(taken)).toEqual(whole.subarray(0, bytes));
      expect(Buffer.concat(rest)).toEqual(whole.subarray(bytes));
    }),
  );
});
