import type { JsonObject } from "../../json/json-object.ts";
import type { ApiRequest } from "../api.ts";
import { asText, type JsonRecord } from "../json-kinds.ts";
import { findLast, lastTurn } from "../last-turns.ts";
import { promptText, readUserTurn } from "../prompt-text.ts";
import { readBody, readModel } from "../read-body.ts";

/** Reads the body of `POST /v1/responses` and of `/v1/responses/compact`. @throws GatewayError */
export function readRequest(bytes: Buffer): ApiRequest {
  const body = readBody(bytes);
  const model = readModel(body);
  const warmUp = body.get("generate") === false;
  return {
    bytes,
    body,
    facts: {
      model,
      streaming: body.get("stream") === true,
      prompt: warmUp ? undefined : readPrompt(body),
      correlatingToolCallId: findLast(body, body.array("input"), '_output"', toolOutputCallId),
      metadataUserId: undefined,
      storedState: body.get("background") === true,
      includesUsage: true,
      warmUp,
    },
  };
}

/** `input` is one user message as a string, or a list of items. */
function readPrompt(body: JsonObject): string | undefined {
  const text = body.string("input");
  if (text !== undefined) return promptText({ texts: [text], hasToolResults: false });
  const last = lastTurn(body, body.array("input"), isInstruction);
  if (last === undefined || last.role !== "user" || !isMessage(last)) return undefined;
  return promptText(readUserTurn(last.content, ["input_text", "text"]));
}

function isInstruction(item: JsonRecord): boolean {
  return item.role === "system" || item.role === "developer";
}

/** Messages may come without a type. */
function isMessage(item: JsonRecord): boolean {
  return item.type === undefined || item.type === "message";
}

/** `function_call_output`, `custom_tool_call_output` and the like. A `local_shell_call_output` has the call's id as `id`. */
function toolOutputCallId(item: JsonRecord): string | undefined {
  if (!asText(item.type).endsWith("_output")) return undefined;
  return asText(item.call_id) || asText(item.id) || undefined;
}
