import { expect, test } from "vitest";
import { JsonObject } from "../../../json/json-object.ts";
import { findReasoning, rememberLoose, withoutRefused } from "./loose-reasoning.ts";
import { LooseReasoningMemory } from "./loose-reasoning-memory.ts";

const reasoning = (id: string) => ({
  type: "reasoning",
  id,
  summary: [],
  encrypted_content: `content of ${id}`,
});
const [a, b, c] = ["rs_a", "rs_b", "rs_c"].map(reasoning) as [object, object, object];
const hidden = { type: "function_call", call_id: "call_1", name: "bmcp_wiki_read", arguments: "{}" };
const own = { ...hidden, call_id: "call_2", name: "shell" };
const said = { type: "message", role: "assistant", content: [] };
const user = { role: "user", content: "x" };
const refusal = {
  type: "invalid_request_error",
  message: "Item 'rs_a' of type 'reasoning' was provided without its required following item.",
};

const bytesOf = (...input: object[]) => Buffer.from(JSON.stringify({ input }));
const scope = () => new LooseReasoningMemory().of("alice");

test.each<[string, object[], object[]]>([
  ["before a hidden call", [a, hidden], [a]],
  ["before a call that is the client's too", [a, hidden, own], []],
  ["before a hidden call, with more reasoning behind it", [a, hidden, b, said], [a]],
  ["of several kinds before a hidden call", [said, a, b, hidden], [a, b]],
  ["before other reasoning that is kept", [a, b, own, hidden], []],
  ["on both sides of hidden calls", [a, hidden, b, hidden, c, own], [a, b]],
])("reasoning %s", (_, output, loose) => {
  const known = scope();
  rememberLoose(
    output.map((item) => JSON.stringify(item)),
    new Set(["bmcp_wiki_read"]),
    known,
  );
  const found = [a, b, c].filter((item) => {
    const { id, encrypted_content: encrypted } = item as { id: string; encrypted_content: string };
    // By either name: clients leave one of them out.
    const [byId, byContent] = [known.has({ id, encrypted: "" }), known.has({ id: "", encrypted })];
    expect(byId).toBe(byContent);
    return byId;
  });
  expect(found).toEqual(loose);
});

test("reasoning before what another answer said is left out if it is known to have led to a hidden call", () => {
  const known = scope();
  known.add({ id: "rs_b", encrypted: "" });
  const body = JsonObject.parse(bytesOf(user, a, said, b, said, user));
  expect(findReasoning(body, known)).toEqual({ loose: new Set([3]), doubtful: new Set() });
});

test("reasoning before other reasoning stays unless it is known to have led to a hidden call", () => {
  const known = scope();
  const body = JsonObject.parse(bytesOf(user, a, b, said, user));
  expect(findReasoning(body, known)).toEqual({ loose: new Set(), doubtful: new Set([1]) });
  known.add({ id: "rs_a", encrypted: "" });
  expect(findReasoning(body, known)).toEqual({ loose: new Set([1]), doubtful: new Set() });
});

test("what is doubtful is left out after a refusal, and from then on", () => {
  const known = scope();
  const request = bytesOf(user, a, b, said, c, b, said);
  expect(withoutRefused(request, { type: "", message: "too long" }, known)).toBeUndefined();
  expect(withoutRefused(request, refusal, known)?.toString()).toBe(
    bytesOf(user, b, said, b, said).toString(),
  );
  expect(findReasoning(JsonObject.parse(request), known).loose).toEqual(new Set([1, 4]));
  expect(withoutRefused(bytesOf(user, b, said), refusal, known)).toBeUndefined();
});

test("of a refusal of what seemed fine, the item that it names is left out alone, and from then on", () => {
  const known = scope();
  const request = bytesOf(user, a, said, b, c, said);
  expect(findReasoning(JsonObject.parse(request), known).loose).toEqual(new Set());
  expect(withoutRefused(request, refusal, known)?.toString()).toBe(
    bytesOf(user, said, b, c, said).toString(),
  );
  expect(findReasoning(JsonObject.parse(request), known).loose).toEqual(new Set([1]));
});

test("what one actor's provider said is nothing to another's, and the memory is bounded", () => {
  const memory = new LooseReasoningMemory(2);
  for (const id of ["rs_1", "rs_2", "rs_3", "x".repeat(300)]) memory.of("alice").add({ id, encrypted: "" });
  const has = (who: string, id: string) => memory.of(who).has({ id, encrypted: "" });
  expect(["rs_1", "rs_2", "rs_3", "x".repeat(300)].map((id) => has("alice", id))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(has("bob", "rs_3")).toBe(false);
  expect(has("alice", "")).toBe(false);
});
