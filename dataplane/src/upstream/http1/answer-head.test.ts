import { expect, test } from "vitest";
import { readAnswerHead } from "./answer-head.ts";

const read = (lines: readonly string[], method = "POST") => readAnswerHead(lines.join("\r\n"), method);

test("names are in lower case, values trimmed, and a name that comes twice has a list", () => {
  const { status, headers } = read(["HTTP/1.1 200 OK", "Content-Length: 2", "X-A:1", "x-a: \t2 "]);
  expect(status).toBe(200);
  expect({ ...headers }).toEqual({ "content-length": "2", "x-a": ["1", "2"] });
});

test("the bytes of a value stay what they are", () => {
  const value = Buffer.from("voilà").toString("latin1");
  expect(read(["HTTP/1.1 200 OK", `x: ${value}`]).headers.x).toBe(value);
});

test("a name of the language is a name like others", () => {
  const { headers } = read(["HTTP/1.1 200 OK", "__proto__: a", "__proto__: b", "constructor: c"]);
  expect(Object.entries(headers)).toEqual([
    ["__proto__", ["a", "b"]],
    ["constructor", "c"],
  ]);
});

test.each([
  ["a length", "POST", "HTTP/1.1 200 OK", ["content-length: 12"], 12],
  ["the chunked coding", "POST", "HTTP/1.1 200 OK", ["transfer-encoding: Chunked"], "chunked"],
  ["neither", "POST", "HTTP/1.1 200", [], "until_close"],
  ["an answer to HEAD", "HEAD", "HTTP/1.1 200 OK", ["content-length: 12"], 0],
  ["a status without body", "POST", "HTTP/1.1 204 No Content", ["transfer-encoding: chunked"], 0],
  ["an unchanged one", "GET", "HTTP/1.1 304 Not Modified", ["content-length: 12"], 0],
] as const)("the body's end follows from %s", (_what, method, status, headers, framing) => {
  expect(read([status, ...headers], method).framing).toBe(framing);
});

test.each([
  ["as long as is usual", ["content-length: 0"], 4_000],
  ["a little less than it says", ["content-length: 0", "keep-alive: timeout=60, max=5"], 58_000],
  ["not if it says too little", ["content-length: 0", "keep-alive: timeout=2"], 0],
  ["not if it says so", ["content-length: 0", "connection: Close"], 0],
  ["not if its close ends the body", [], 0],
])("a connection is kept: %s", (_what, headers, keepAliveMs) => {
  expect(read(["HTTP/1.1 200 OK", ...headers]).keepAliveMs).toBe(keepAliveMs);
});

test("an HTTP/1.0 connection is not kept", () => {
  expect(read(["HTTP/1.0 200 OK", "content-length: 0", "connection: keep-alive"]).keepAliveMs).toBe(0);
});

test.each([
  ["another protocol", ["SSH-2.0-OpenSSH"]],
  ["another version", ["HTTP/2 200"]],
  ["a status of two digits", ["HTTP/1.1 20 OK"]],
  ["length and coding", ["HTTP/1.1 200 OK", "content-length: 2", "transfer-encoding: chunked"]],
  ["two lengths", ["HTTP/1.1 200 OK", "content-length: 2", "content-length: 2"]],
  ["a list of lengths", ["HTTP/1.1 200 OK", "content-length: 2, 2"]],
  ["a signed length", ["HTTP/1.1 200 OK", "content-length: +2"]],
  ["an unknown coding", ["HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked"]],
  ["a blank before the colon", ["HTTP/1.1 200 OK", "content-length : 2"]],
  ["a folded line", ["HTTP/1.1 200 OK", "x-a: 1", " 2"]],
  ["a line without name", ["HTTP/1.1 200 OK", ": 1"]],
  ["a bare CR", ["HTTP/1.1 200 OK", "x-a: 1\rx-b: 2"]],
  ["a bare LF", ["HTTP/1.1 200 OK", "x-a: 1\nx-b: 2"]],
  ["a NUL", ["HTTP/1.1 200 OK", "x-a: \0"]],
])("%s is refused", (_what, lines) => {
  expect(() => read(lines)).toThrow(expect.objectContaining({ code: "UPSTREAM_INVALID_ANSWER" }));
});
