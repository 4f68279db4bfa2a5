import { expect, test } from "vitest";
import { BenchArgumentError, HELP, readBenchArguments } from "./arguments.ts";

test("without arguments everything is measured at length", () => {
  expect(readBenchArguments([])).toEqual({ quick: false, json: false, only: /(?:)/, profile: undefined });
});

test("every flag is read", () => {
  const argv = ["--quick", "--json", "--only", "^chat stream", "--profile=/tmp/profiles"];
  expect(readBenchArguments(argv)).toEqual({
    quick: true,
    json: true,
    only: /^chat stream/,
    profile: "/tmp/profiles",
  });
});

test("help wins over everything else", () => {
  expect(readBenchArguments(["--quick", "--help"])).toBeUndefined();
});

test("help names every flag", () => {
  for (const flag of ["--quick", "--only", "--json", "--profile", "--help"]) expect(HELP).toContain(flag);
});

test.each([
  { argv: ["--fast"], message: "Unknown option '--fast'" },
  { argv: ["--only", "("], message: "--only: Invalid regular expression" },
  { argv: ["messages"], message: "Unexpected argument 'messages'" },
])("$argv is refused", ({ argv, message }) => {
  expect(() => readBenchArguments(argv)).toThrow(BenchArgumentError);
  expect(() => readBenchArguments(argv)).toThrow(message);
});
