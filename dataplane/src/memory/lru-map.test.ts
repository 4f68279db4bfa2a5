import { expect, test } from "vitest";
import { LruMap } from "./lru-map.ts";

test("the least recently used entry makes room; setting and getting are uses", () => {
  const dropped: number[] = [];
  const map = new LruMap<number>(3, (value) => dropped.push(value));
  for (const [index, key] of ["a", "b", "c"].entries()) map.set(key, index);
  expect(map.get("a")).toBe(0);
  map.set("b", 10);
  map.set("d", 3);
  expect([...map]).toEqual([
    ["a", 0],
    ["b", 10],
    ["d", 3],
  ]);
  expect(map.get("c")).toBeUndefined();
  expect(dropped).toEqual([2]);
  expect(map.size).toBe(3);
  map.delete("a");
  expect(map.size).toBe(2);
  map.clear();
  expect([...map]).toEqual([]);
  expect(dropped).toEqual([2]);
});
