import { expect, test } from "vitest";
import { presentedToken } from "./presented-token.ts";

test.each([
  [{ "x-aibridge-token": "aib_1" }, "aib_1"],
  [{ authorization: "Bearer aib_2" }, "aib_2"],
  [{ authorization: "bearer   aib_2" }, "aib_2"],
  [{ "x-api-key": "aib_3" }, "aib_3"],
  [{ authorization: "Bearer aib_2", "x-api-key": "other" }, "aib_2"],
])("%o names the token", (headers, token) => {
  expect(presentedToken(headers)).toEqual({ token, byok: undefined });
});

test("beside X-AIBridge-Token the other two are the user's own credential", () => {
  const { token, byok } = presentedToken({
    "x-aibridge-token": "aib_1",
    authorization: "Bearer sk-user-0123456789abcdef",
    "x-api-key": "sk-other-0123456789abcdef",
  });
  expect(token).toBe("aib_1");
  expect(byok).toEqual({
    byok: true,
    hint: "sk-u…cdef",
    headers: [
      ["authorization", "Bearer sk-user-0123456789abcdef"],
      ["x-api-key", "sk-other-0123456789abcdef"],
    ],
  });
});

test("the token itself is never taken for the user's own credential", () => {
  const repeated = { "x-aibridge-token": "aib_1", authorization: "Bearer aib_1", "x-api-key": "aib_1" };
  expect(presentedToken(repeated).byok).toBeUndefined();
});

test.each([
  [{}],
  [{ authorization: "Basic dXNlcjpwYXNz" }],
  [{ authorization: "Bearer", "x-api-key": "aib_3" }],
  [{ "x-aibridge-token": "", authorization: "Bearer aib_2" }],
  [{ "x-api-key": "x".repeat(20_000) }],
  [{ authorization: `Bearer ${"x".repeat(20_000)}` }],
])("%o is refused without falling through", (headers) => {
  expect(() => presentedToken(headers)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
});
