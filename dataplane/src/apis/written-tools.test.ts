import { expect, test } from "vitest";
import { ToolWriter } from "./written-tools.ts";

const ids = ["a", "b", "c"];
const tools = ids.map((id) => ({ id, description: "", inputSchema: {} }));
const writer = new ToolWriter(({ id }) => `{"name":"${id}"}`);
const choose = (taken: readonly string[], room: number) =>
  writer.choose(tools, { taken: new Set(taken), room });

test.each([
  [[], 3, ids],
  [["own"], 9, ids],
  [[], 2, ["a", "b"]],
  [["a"], 3, ["b", "c"]],
  [["b"], 1, ["a"]],
  [[], -1, []],
])("beside %j, with room for %i, %j go in", (taken, room, chosen) => {
  const { elements, toolIds } = choose(taken, room);
  expect([...toolIds]).toEqual(chosen);
  expect(JSON.parse(`[${elements}]`)).toEqual(chosen.map((name) => ({ name })));
});

test("the same choice is the same object, as is all", () => {
  expect(choose([], 3)).toBe(choose(["own"], 9));
  expect(choose(["a"], 3)).toBe(choose(["a", "own"], 2));
  expect(choose(["a"], 3)).not.toBe(choose(["b"], 3));
});

test("more choices than are kept are made anew, and right", () => {
  const many = Array.from({ length: 30 }, (_, index) => ({
    id: `t${index}`,
    description: "",
    inputSchema: {},
  }));
  const chosen = many.map((_, room) => writer.choose(many, { taken: new Set(), room }));
  expect(chosen.map(({ toolIds }) => toolIds.size)).toEqual(many.map((_, room) => room));
});
