import { expect, test } from "vitest";
import { withoutTrailingThoughts } from "./trailing-thoughts.ts";

const refusal = {
  type: "invalid_request_error",
  message: "messages.1: The final block in an assistant message cannot be `thinking`.",
};
const user = { role: "user", content: "Hi" };
const said = { type: "text", text: "Hello" };
const thought = { type: "thinking", thinking: "Hm.", signature: "s" };
const redacted = { type: "redacted_thinking", data: "d" };
const assistant = (...content: object[]) => ({ role: "assistant", content });

test.each<[string, object[], object[]]>([
  [
    "behind other blocks",
    [user, assistant(thought, said, thought, redacted)],
    [user, assistant(thought, said)],
  ],
  ["alone", [user, assistant(thought), user], [user, user]],
  [
    "in several turns",
    [user, assistant(said, thought), user, assistant(thought)],
    [user, assistant(said), user],
  ],
])("thoughts at the end of a turn, %s, are left out", (_, messages, left) => {
  const request = Buffer.from(JSON.stringify({ messages, x: 1 }));
  expect(withoutTrailingThoughts(request, refusal)?.toString()).toBe(
    JSON.stringify({ messages: left, x: 1 }),
  );
});

test("a turn of which the client saw nothing is left out", () => {
  const empty = {
    type: "",
    message: "messages.1: all messages must have non-empty content except for the optional final",
  };
  const request = Buffer.from(JSON.stringify({ messages: [user, assistant(), user, assistant(said), user] }));
  expect(withoutTrailingThoughts(request, empty)?.toString()).toBe(
    JSON.stringify({ messages: [user, user, assistant(said), user] }),
  );
});

test("everything else stays as it is, and so does every request that was refused for something else", () => {
  const plain = [
    user,
    { role: "assistant", content: "Hello" },
    assistant(thought, said),
    { role: "user", content: [thought] },
  ];
  const request = Buffer.from(JSON.stringify({ messages: plain }));
  expect(withoutTrailingThoughts(request, refusal)).toBeUndefined();
  const trailing = Buffer.from(JSON.stringify({ messages: [user, assistant(thought)] }));
  expect(withoutTrailingThoughts(trailing, { type: "", message: "too long" })).toBeUndefined();
});
