import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import { describe, expect, test } from "vitest";
import { AnswerTooLong } from "./answer-limit.ts";
import { httpStatus, isOutOfReach, mcpFailure } from "./mcp-failure.ts";

const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:80"), { code: "ECONNREFUSED" });
const fetchFailed = new TypeError("fetch failed", { cause: refused });
const negotiation = new SdkError(SdkErrorCode.EraNegotiationFailed, "failed", {}, { cause: fetchFailed });
const http500 = new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, "Error POSTing: <body>", {
  status: 500,
  statusText: "",
  text: "<body>",
});
const sse404 = new Error("Error POSTing to endpoint (HTTP 404): <body>");
const toolError = new ProtocolError(-32603, "Error POSTing to endpoint (HTTP 404)");

describe.each<[error: unknown, said: string, status: number | undefined, outOfReach: boolean]>([
  [fetchFailed, "it cannot be reached (ECONNREFUSED)", undefined, true],
  [negotiation, "it cannot be reached (ECONNREFUSED)", undefined, true],
  [http500, "it answered with HTTP 500", 500, false],
  [sse404, "it answered with HTTP 404", 404, false],
  [toolError, toolError.message, undefined, false],
  [new SdkError(SdkErrorCode.ConnectionClosed, "closed"), "it closed the connection", undefined, true],
  [new SdkError(SdkErrorCode.RequestTimeout, "late"), "it did not answer in time", undefined, false],
  [
    new SdkError(SdkErrorCode.InvalidResult, "<body>"),
    "it answered with something that cannot be read",
    undefined,
    false,
  ],
  [new SyntaxError("<body>"), "it answered with something that cannot be read", undefined, false],
  [new TypeError("terminated", { cause: new AnswerTooLong("too long") }), "too long", undefined, false],
  [new DOMException("late", "TimeoutError"), "it did not answer in time", undefined, false],
  ["<body>", "it cannot be reached", undefined, false],
])("%s", (error, said, status, outOfReach) => {
  test("is told in words that repeat nothing of the server's", () => expect(mcpFailure(error)).toBe(said));
  test("is known for what it is", () => {
    expect(httpStatus(error)).toBe(status);
    expect(isOutOfReach(error)).toBe(outOfReach);
  });
});

test("of a server's message credentials are taken out before it is cut", () => {
  const error = new ProtocolError(-32000, `${"x".repeat(490)} token-0123456789`);
  const said = mcpFailure(error, (text) => text.replace("token-0123456789", "[credential]"));
  expect(said.length).toBe(500);
  expect(said).not.toContain("token");
});
