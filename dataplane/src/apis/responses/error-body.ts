import type { GatewayError } from "../../errors/gateway-error.ts";
import { encodeEvent } from "../../sse/encode.ts";
import { openAiError } from "../openai-error.ts";

/** What the stream's first event said of the response. */
export interface CreatedResponse {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** An error in OpenAI's form. */
export function errorBody(error: GatewayError): string {
  return JSON.stringify(openAiError(error));
}

/**
 * The events that end a stream in failure: a flat `error`, then `response.failed` with the id that the stream began with
 * (SDKs refuse another); without one the first alone. `sequenceNumber` is the first one's.
 */
export function errorEvents(
  error: GatewayError,
  sequenceNumber: number,
  created: CreatedResponse | undefined,
): Buffer {
  const { code, message } = error;
  const flat = { type: "error", code, message, param: null, sequence_number: sequenceNumber };
  const first = encodeEvent(JSON.stringify(flat), flat.type);
  if (created === undefined) return first;
  const response = failedResponse(created, { code: error.row.openai, message });
  const failed = { type: "response.failed", sequence_number: sequenceNumber + 1, response };
  return Buffer.concat([first, encodeEvent(JSON.stringify(failed), failed.type)]);
}

/** The members that the API's own failed responses always have. */
function failedResponse({ id, model, createdAt }: CreatedResponse, error: { code: string; message: string }) {
  return {
    id,
    object: "response",
    created_at: createdAt,
    status: "failed",
    error,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: null,
  };
}
