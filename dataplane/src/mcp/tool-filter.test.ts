import { expect, test } from "vitest";
import { toolFilter } from "./tool-filter.ts";

test.each([
  ["nothing configured", "", "", "read_file", "in"],
  ["an allow pattern that matches", "^read_", "", "read_file", "in"],
  ["an allow pattern that does not match", "^read_", "", "write_file", "not_allowed"],
  ["an unanchored pattern inside the name", "file", "", "read_file_now", "in"],
  ["deny wins over allow", "^read_", "secret", "read_secret", "denied"],
  ["deny alone", "", "^delete", "delete_all", "denied"],
  ["a character class of RE2", "^\\pL+$", "", "lesen", "in"],
] as const)("%s", (_case, allow, deny, tool, verdict) => {
  expect(toolFilter("files", { allow, deny })(tool)).toBe(verdict);
});

test.each([
  ["(", "allow"],
  ["(?=look)ahead", "deny"],
  ["(a)\\1", "deny"],
] as const)("the pattern %s is refused, naming server and pattern", (pattern, side) => {
  const patterns = { allow: "", deny: "", [side]: pattern };
  expect(() => toolFilter("files", patterns)).toThrow(
    `MCP server files: the ${side} pattern ${JSON.stringify(pattern)} is not valid in RE2 syntax`,
  );
});

test("a pattern that takes a backtracking engine for ever is matched in linear time", () => {
  const judge = toolFilter("files", { allow: "^(a+)+$", deny: "" });
  const startedAt = performance.now();
  expect(judge(`${"a".repeat(5_000)}!`)).toBe("not_allowed");
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
