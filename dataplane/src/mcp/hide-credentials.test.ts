import { expect, test } from "vitest";
import { hideCredentials } from "./hide-credentials.ts";

const hide = hideCredentials({
  headers: { authorization: "Bearer token-0123456789", "X-Api-Key": "key-abcdef", "x-team": "platform" },
});

test.each([
  ["with its scheme", "you sent Bearer token-0123456789!", "you sent [credential]!"],
  ["without", "token=token-0123456789&x", "token=[credential]&x"],
  ["more than once", "key-abcdef key-abcdef", "[credential] [credential]"],
  ["not at all", "the platform team", "the platform team"],
])("a credential is taken out of a text: %s", (_case, said, hidden) => {
  expect(hide(said)).toBe(hidden);
});

test("a credential is taken out of a whole result, wherever it stands", () => {
  const result = {
    content: [{ type: "text", text: "key-abcdef" }],
    _meta: { "key-abcdef": [1, null, true] },
  };
  expect(hide(result)).toEqual({
    content: [{ type: "text", text: "[credential]" }],
    _meta: { "[credential]": [1, null, true] },
  });
});

test("a value too short to be a secret stays", () => {
  expect(hideCredentials({ headers: { "x-token": "dev" } })("a dev machine")).toBe("a dev machine");
});
