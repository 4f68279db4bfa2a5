import { expect, test } from "vitest";
import { LooseThoughtMemory, type LooseThoughts } from "./loose-thoughts.ts";
import { ThoughtBinding } from "./thought-binding.ts";

const mismatch = {
  type: "invalid_request_error",
  message:
    'messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".',
};
const beta = "thinking-binding-controls-2026-08-01";

function amended(request: object): unknown {
  const changed = new ThoughtBinding({}).amend(Buffer.from(JSON.stringify(request)), mismatch);
  return changed && JSON.parse(changed.toString());
}

const drop = { prefix_mismatch_behavior: "drop_block" };

test.each<[string, object | undefined, object]>([
  ["nothing of thinking", {}, { thinking: { type: "adaptive", block_binding: drop } }],
  ["null", { thinking: null }, { thinking: { type: "adaptive", block_binding: drop } }],
  [
    "adaptive thinking",
    { thinking: { type: "adaptive", display: "omitted" } },
    { thinking: { type: "adaptive", display: "omitted", block_binding: drop } },
  ],
  [
    "a budget",
    { thinking: { type: "enabled", budget_tokens: 1024, block_binding: null } },
    { thinking: { type: "enabled", budget_tokens: 1024, block_binding: drop } },
  ],
  [
    "other wishes",
    { thinking: { type: "adaptive", block_binding: { other: 1 } } },
    { thinking: { type: "adaptive", block_binding: { other: 1, ...drop } } },
  ],
])("a request with %s asks for thoughts to be left out once they are refused", (_, request, expected) => {
  expect(amended({ model: "m", ...request })).toEqual({ model: "m", ...expected });
});

test.each<[string, unknown]>([
  ["thinking switched off", { type: "disabled" }],
  ["an own decision", { type: "adaptive", block_binding: { prefix_mismatch_behavior: "error" } }],
  ["no known form", "high"],
])("a request with %s stays as it is", (_, thinking) => {
  expect(amended({ thinking })).toBeUndefined();
});

test("the bytes of the client stay, and the beta is needed from then on", () => {
  const binding = new ThoughtBinding({});
  const request = Buffer.from('{ "thinking":{"type" : "adaptive"}, "x":1.0 }');
  expect(binding.begin(request)).toBe(request);
  expect(binding.betas).toEqual([]);
  expect(binding.amend(request, { type: "", message: "too long" })).toBeUndefined();
  expect(binding.amend(request, mismatch)?.toString()).toBe(
    '{ "thinking":{"type" : "adaptive","block_binding":{"prefix_mismatch_behavior":"drop_block"}}, "x":1.0 }',
  );
  expect(binding.betas).toEqual([beta]);
  expect(binding.amend(request, mismatch)).toBeUndefined();
});

test.each([
  "thinking.adaptive.block_binding: Extra inputs are not permitted",
  "Unexpected value(s) `thinking-binding-controls-2026-08-01` for the `anthropic-beta` header.",
  "invalid beta flag",
  "adaptive thinking is not supported on this model",
  "Thinking may not be enabled when tool_choice forces tool use.",
])(
  "what is refused for the change alone (%s) is sent as the client had it, and not changed again",
  (message) => {
    const thoughts: LooseThoughts = { known: true };
    const binding = new ThoughtBinding({ thoughts });
    const request = Buffer.from("{}");
    const changed = binding.begin(request);
    expect(changed).not.toBe(request);
    expect(binding.amend(changed, { type: "invalid_request_error", message })).toBe(request);
    expect(binding.betas).toEqual([]);
    expect(thoughts.known).toBe(false);
    expect(binding.amend(request, mismatch)).toBeUndefined();
  },
);

test("what is refused for something else is not sent again", () => {
  const thoughts: LooseThoughts = { known: true };
  const binding = new ThoughtBinding({ thoughts });
  const changed = binding.begin(Buffer.from("{}"));
  expect(binding.amend(changed, { type: "rate_limit_error", message: "too many tokens" })).toBeUndefined();
  expect(binding.betas).toEqual([beta]);
  expect(thoughts.known).toBe(true);
});

test("a change that was taken is not taken back: the request has grown since", () => {
  const binding = new ThoughtBinding({ thoughts: { known: true } });
  const changed = binding.begin(Buffer.from("{}"));
  binding.taken();
  expect(binding.amend(changed, { type: "", message: "invalid beta flag" })).toBeUndefined();
  expect(binding.betas).toEqual([beta]);
});

test("conversations are remembered one by one, and a bounded number of them", () => {
  const memory = new LooseThoughtMemory(2);
  const begins = (key: string) =>
    new ThoughtBinding({ thoughts: memory.of(key) }).begin(Buffer.from("{}")).length > 2;
  expect(new ThoughtBinding({ thoughts: memory.of("a") }).amend(Buffer.from("{}"), mismatch)).toBeDefined();
  expect([begins("a"), begins("b")]).toEqual([true, false]);
  for (const key of ["b", "c"]) memory.of(key).known = true;
  expect([begins("a"), begins("b"), begins("c")]).toEqual([false, true, true]);
  memory.of("x".repeat(2000)).known = true;
  expect(memory.of("x".repeat(2000)).known).toBe(false);
});

test("the rule can be switched off", () => {
  const binding = new ThoughtBinding({ thoughts: { known: true }, rules: { dropsLooseThoughts: false } });
  const request = Buffer.from("{}");
  expect(binding.begin(request)).toBe(request);
  expect(binding.amend(request, mismatch)).toBeUndefined();
});
