import fc from "fast-check";
import { expect, test } from "vitest";
import { toolIds } from "./tool-id.ts";

test("a name that fits is taken as it is", () => {
  expect(toolIds([{ server: "deepwiki", tool: "read_wiki-2" }])).toEqual(["bmcp_deepwiki_read_wiki-2"]);
});

test("a name that is too long or illegal ends with a hash that never changes", () => {
  const tools = [
    { server: "files", tool: "x".repeat(200) },
    { server: "files", tool: "lies das\u0007" },
    { server: "files", tool: "" },
  ];
  expect(toolIds(tools)).toEqual([
    `bmcp_files_${"x".repeat(42)}_0baaabeeb5`,
    "bmcp_files_lies_das__2e087d7ae4",
    "bmcp_files__df13e9d87c",
  ]);
});

test("two tools whose plain ids are alike get two ids", () => {
  const [first, second] = toolIds([
    { server: "a", tool: "b_c" },
    { server: "a_b", tool: "c" },
  ]);
  expect(first).toBe("bmcp_a_b_c");
  expect(second).toMatch(/^bmcp_a_b_c_[0-9a-f]{10}$/);
});

test("whatever servers call their tools, ids are legal, unlike each other, and the same the next time", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom("a", "a_b", "b", "b_c"),
  );
  fc.assert(
    fc.property(fc.array(fc.record({ server: name, tool: name }), { maxLength: 30 }), (tools) => {
      const ids = toolIds(tools);
      expect(ids).toHaveLength(tools.length);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^bmcp_[a-zA-Z0-9_-]{1,59}$/);
      expect(toolIds(tools)).toEqual(ids);
    }),
  );
});
