import type { ApiRequest } from "../api.ts";
import { asArray, asRecord, asText, type JsonRecord } from "../json-kinds.ts";
import { findLast, lastTurn } from "../last-turns.ts";
import { promptText, readUserTurn } from "../prompt-text.ts";
import { readBody, readModel } from "../read-body.ts";

/** Reads the body of `POST /v1/messages`. @throws GatewayError */
export function readRequest(bytes: Buffer): ApiRequest {
  const body = readBody(bytes);
  const model = readModel(body);
  const messages = body.array("messages");
  const last = lastTurn(body, messages, isSystem);
  return {
    bytes,
    body,
    facts: {
      model,
      streaming: body.get("stream") === true,
      prompt: last?.role === "user" ? promptText(readUserTurn(last.content, ["text"])) : undefined,
      correlatingToolCallId: findLast(body, messages, '_result"', lastToolResultId),
      metadataUserId: body.object("metadata")?.string("user_id"),
      storedState: false,
      includesUsage: true,
      warmUp: false,
    },
  };
}

/** Claude Code may end a conversation with a message of role `system`, which is no turn. */
function isSystem(message: JsonRecord): boolean {
  return message.role === "system";
}

function lastToolResultId(message: JsonRecord): string | undefined {
  if (message.role !== "user") return undefined;
  const result = asArray(message.content)
    .map(asRecord)
    .findLast((part) => part?.type === "tool_result" && asText(part.tool_use_id) !== "");
  return result === undefined ? undefined : asText(result.tool_use_id);
}
