import { setMember } from "../../json/edit-member.ts";
import type { JsonObject } from "../../json/json-object.ts";
import type { ApiRequest } from "../api.ts";
import { asText, type JsonRecord } from "../json-kinds.ts";
import { findLast, lastTurn } from "../last-turns.ts";
import { promptText, readUserTurn } from "../prompt-text.ts";
import { readBody, readModel } from "../read-body.ts";

/** Reads the body of `POST /v1/chat/completions`. @throws GatewayError */
export function readRequest(bytes: Buffer): ApiRequest {
  const body = readBody(bytes);
  const model = readModel(body);
  const messages = body.array("messages");
  const last = lastTurn(body, messages, isInstruction);
  const streaming = body.get("stream") === true;
  return {
    bytes,
    body,
    facts: {
      model,
      streaming,
      prompt: last?.role === "user" ? promptText(readUserTurn(last.content, ["text", ""])) : undefined,
      correlatingToolCallId: findLast(body, messages, '_call_id"', toolCallId),
      metadataUserId: undefined,
      storedState: false,
      includesUsage: !streaming || body.object("stream_options")?.get("include_usage") === true,
      warmUp: false,
    },
  };
}

/** The body with `stream_options.include_usage: true`; other stream options stay as they are. */
export function addIncludeUsage({ body }: { readonly body: JsonObject }): Buffer {
  const options = body.object("stream_options");
  if (options !== undefined) return setMember(options, "include_usage", "true");
  return setMember(body, "stream_options", '{"include_usage":true}');
}

/** `developer` is the newer name of `system`. */
function isInstruction(message: JsonRecord): boolean {
  return message.role === "system" || message.role === "developer";
}

function toolCallId(message: JsonRecord): string | undefined {
  return message.role === "tool" ? asText(message.tool_call_id) || undefined : undefined;
}
