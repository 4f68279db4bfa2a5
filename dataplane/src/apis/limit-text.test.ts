import { expect, test } from "vitest";
import { limitText } from "./limit-text.ts";

test.each([
  ["short", 100, "short", 0],
  ["exact", 5, "exact", 0],
  ["longer", 5, "longe", 1],
  ["aé", 2, "a", 2],
  ["a😀b", 4, "a", 5],
  ["a😀b", 5, "a😀", 1],
  ["", 0, "", 0],
])("%j in %i bytes", (text, maxBytes, kept, truncatedBytes) => {
  expect(limitText(text, maxBytes)).toEqual({ text: kept, truncatedBytes });
});

test("lone surrogates become U+FFFD", () => {
  expect(limitText("a\ud800b", 100).text).toBe("a\ufffdb");
});
