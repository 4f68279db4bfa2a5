import { expect, test } from "vitest";
import { ResponseAliasMemory } from "./response-aliases.ts";

test("what is remembered is found in its scope alone", () => {
  const memory = new ResponseAliasMemory();
  memory.of("alice").remember("resp_1", "resp_3", ["call_1"]);
  expect(memory.of("alice").find("resp_1")).toEqual({ id: "resp_3", pendingCallIds: ["call_1"] });
  expect(memory.of("bob").find("resp_1")).toBeUndefined();
  expect(memory.of("alice").find("resp_3")).toBeUndefined();
});

test("calls that are answered are forgotten", () => {
  const aliases = new ResponseAliasMemory().of("alice");
  aliases.remember("conv_1", "conv_1", ["call_1"]);
  aliases.remember("conv_1", "conv_1", []);
  expect(aliases.find("conv_1")).toBeUndefined();
});

test("the one that was not used for the longest time makes room", () => {
  const aliases = new ResponseAliasMemory(2).of("alice");
  aliases.remember("a", "a2", []);
  aliases.remember("b", "b2", []);
  aliases.find("a");
  aliases.remember("c", "c2", []);
  expect(["a", "b", "c"].map((id) => aliases.find(id)?.id)).toEqual(["a2", undefined, "c2"]);
});

test("neither ids without end nor calls without number are kept", () => {
  const aliases = new ResponseAliasMemory().of("alice");
  const long = "x".repeat(10_000);
  aliases.remember("a", long, []);
  aliases.remember(long, "a", []);
  aliases.remember("", "a", []);
  expect([aliases.find("a"), aliases.find(long), aliases.find("")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  aliases.remember("a", "b", [long, ...Array.from({ length: 1000 }, (_, index) => `call_${index}`)]);
  expect(aliases.find("a")?.pendingCallIds).toHaveLength(128);
});

test("it knows of what nothing was hidden, too", () => {
  const aliases = new ResponseAliasMemory().of("alice");
  aliases.remember("resp_1", "resp_1", []);
  aliases.remember("resp_2", "resp_3", []);
  expect(["resp_1", "resp_2", "resp_3"].map((id) => aliases.knows(id))).toEqual([true, true, false]);
  expect(aliases.find("resp_1")).toBeUndefined();
  expect(new ResponseAliasMemory().of("bob").knows("resp_1")).toBe(false);
  aliases.remember("resp_1", "resp_4", []);
  expect(aliases.find("resp_1")?.id).toBe("resp_4");
});

test("of an id that no provider has there is nothing to be learnt", () => {
  const aliases = new ResponseAliasMemory().of("alice");
  expect([aliases.knows(""), aliases.knows("x".repeat(257))]).toEqual([true, true]);
});

test("ids that mean nothing do not crowd out those that do", () => {
  const aliases = new ResponseAliasMemory(2).of("alice");
  aliases.remember("resp_1", "resp_2", []);
  for (const id of ["a", "b", "c"]) aliases.remember(id, id, []);
  expect(aliases.find("resp_1")?.id).toBe("resp_2");
  expect(["a", "b", "c"].map((id) => aliases.knows(id))).toEqual([false, true, true]);
});
