import { describe, expect, test } from "vitest";
import * as wire from "../../../test/fixtures/responses/build.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { ApiName } from "./api.ts";
import { apis } from "./index.ts";

const sink = { message() {}, toolCall() {}, thought() {}, usage() {} };
const options = { hideUsage: false, usageOptional: false };
const truncated = new GatewayError("upstream_truncated", "The provider stopped.");

describe("errors made by the gateway", () => {
  test("have Anthropic's form", () => {
    const error = new GatewayError("rate_limited", 'Wait "a bit".');
    expect(apis.messages.errorBody(error)).toBe(
      '{"type":"error","error":{"type":"rate_limit_error","message":"Wait \\"a bit\\"."}}',
    );
  });

  test.each<ApiName>(["chat", "responses"])("have OpenAI's form for %s", (api) => {
    expect(apis[api].errorBody(new GatewayError("model_required", "Name one."))).toBe(
      '{"error":{"message":"Name one.","type":"invalid_request_error","param":null,"code":"model_required"}}',
    );
  });

  test("end a messages stream", () => {
    expect(apis.messages.observeStream(sink, options).errorEvent(truncated).toString()).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The provider stopped."}}\n\n',
    );
  });

  test("end a chat stream", () => {
    expect(apis.chat.observeStream(sink, options).errorEvent(truncated).toString()).toBe(
      'data: {"error":{"message":"The provider stopped.","type":"server_error","param":null,"code":"upstream_truncated"}}\n\n',
    );
  });
});

describe("the error events of a responses stream", () => {
  function afterEvents(stream: string): { name: string; data: Record<string, unknown> }[] {
    const observer = apis.responses.observeStream(sink, options);
    for (const event of stream.split("\n\n").filter((part) => part !== "")) {
      const bytes = Buffer.from(event);
      observer.event(bytes, 0, bytes.length);
    }
    const events = observer.errorEvent(truncated).toString().split("\n\n").slice(0, -1);
    return events.map((event) => {
      const [name = "", data = ""] = event.split("\n");
      return { name: name.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) };
    });
  }

  test("continue its numbers and repeat its id", () => {
    const [error, failed, ...further] = afterEvents(wire.stream(...wire.messageEvents(0, "Hi").slice(0, 2)));
    expect(further).toEqual([]);
    expect(error).toEqual({
      name: "error",
      data: {
        type: "error",
        code: "upstream_truncated",
        message: "The provider stopped.",
        param: null,
        sequence_number: 4,
      },
    });
    expect(failed?.name).toBe("response.failed");
    expect(failed?.data).toMatchObject({
      type: "response.failed",
      sequence_number: 5,
      response: {
        id: wire.messageId,
        object: "response",
        status: "failed",
        model: "gpt-5.2-codex",
        created_at: 1_741_476_542,
        error: { code: "server_error", message: "The provider stopped." },
        output: [],
        usage: null,
      },
    });
  });

  test("are the flat one alone before the response is known", () => {
    expect(afterEvents("").map(({ name, data }) => [name, data.sequence_number])).toEqual([["error", 0]]);
  });

  test("count events where the last has no number", () => {
    const [error] = afterEvents(`${wire.stream()}data: {"cut`);
    expect(error?.data.sequence_number).toBe(3);
  });
});

describe.each(Object.values(apis))("error bodies of $name", (api) => {
  test.each([
    ['{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}', "overloaded_error", "Busy"],
    [
      '{"error":{"message":"No","type":"invalid_request_error","param":null,"code":"bad"}}',
      "invalid_request_error",
      "No",
    ],
    ['{"error":{"message":"No","type":null,"code":"rate_limit_exceeded"}}', "rate_limit_exceeded", "No"],
    ['{"error":{"message":"No","code":404}}', "", "No"],
    ['{"error":"not found"}', "", "not found"],
    ['{"message":"Not allowed","code":"denied"}', "denied", "Not allowed"],
    ['{"error":{"type":["x"],"message":{}}}', "", ""],
    ["{}", "", ""],
    ['{"type":"error","message":"No"}', "error", "No"],
    ["<html>Bad gateway</html>", "", ""],
    ["[]", "", ""],
    ["", "", ""],
  ])("%s", (body, type, message) => {
    expect(api.readError(Buffer.from(body))).toEqual({ type, message });
  });
});
