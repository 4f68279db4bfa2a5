import { expect, test } from "vitest";
import { safeBlock, safeLine, visibleLine } from "./safe-text.ts";

test("what moves the cursor or reorders text is written as escapes", () => {
  expect(safeLine("a\u001b[2J\n\u202eb\u0085")).toBe("a\\x1b[2J\\n\\u202eb\\x85");
  expect(safeBlock("a\r\n\tb\u0007")).toBe("a\n\tb\\x07");
});

test("what a model reads and nobody sees is written as escapes, other writing stays", () => {
  const tags = [..."go"].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join("");
  expect(visibleLine(`Reads.${tags}\u200b\u00ad\ufe0f\u3164`)).toBe(
    "Reads.\\u{e0067}\\u{e006f}\\u200b\\xad\\ufe0f\\u3164",
  );
  expect(visibleLine("Straße 読む 👋")).toBe("Straße 読む 👋");
});
