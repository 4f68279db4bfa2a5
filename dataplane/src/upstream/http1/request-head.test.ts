import { expect, test } from "vitest";
import { requestHead } from "./request-head.ts";

const request = {
  method: "POST",
  path: "/v1/messages?beta=true",
  headers: ["X-A", "1", "x-b", ""],
  body: null,
};

test("a request has its own headers, host and length", () => {
  expect(requestHead({ ...request, body: Buffer.from("{}") }, "api.example:8443")).toBe(
    "POST /v1/messages?beta=true HTTP/1.1\r\nhost: api.example:8443\r\nX-A: 1\r\nx-b: \r\ncontent-length: 2\r\n\r\n",
  );
});

test.each([
  ["POST", true],
  ["GET", false],
  ["DELETE", false],
])("%s without a body says so: %s", (method, says) => {
  expect(requestHead({ ...request, method }, "x").includes("content-length: 0\r\n")).toBe(says);
});

test.each([
  ["a method with a blank", { method: "GET /" }],
  ["a path that ends its line", { path: "/ HTTP/1.1\r\nx: y" }],
  ["a path with a blank", { path: "/a b" }],
  ["a path that is none", { path: "v1" }],
  ["a name with a colon", { headers: ["x:y", "1"] }],
  ["a value that ends its line", { headers: ["x", "1\r\ny: 2"] }],
  ["a value beyond Latin-1", { headers: ["x", "\u{1f600}"] }],
])("%s is refused, without telling it", (_what, wrong) => {
  expect(() => requestHead({ ...request, ...wrong }, "x")).toThrow(
    expect.objectContaining({
      code: "UPSTREAM_INVALID_REQUEST",
      message: expect.stringMatching(/^a (method or path|header) has characters/),
    }),
  );
});
