import { JsonEdits } from "../../../json/json-edits.ts";
import { JsonObject } from "../../../json/json-object.ts";
import type { ObservedError } from "../../observation.ts";
import { notRunOutput } from "./call-output.ts";
import { prependInput } from "./input.ts";
import { conversationId } from "./state-holder.ts";

const complaint = /\bNo tool output found for function call ([\w-]{1,256})/;

/**
 * The request again, with an output for the call that the provider misses one for: a central one that was not run, and
 * that the client does not know of. Undefined for every other error, and for a call that the request itself has.
 */
export function withMissingOutput(request: Buffer, { message }: ObservedError): Buffer | undefined {
  const callId = complaint.exec(message)?.[1];
  const body = callId === undefined ? undefined : JsonObject.tryParse(request);
  if (body === undefined || callId === undefined) return undefined;
  const goesOn = body.string("previous_response_id") !== undefined || conversationId(body) !== undefined;
  if (!goesOn || body.bytes.includes(`"${callId}"`)) return undefined;
  const edits = new JsonEdits();
  prependInput(edits, body, [notRunOutput(callId)]);
  return edits.apply(request, { start: 0, end: request.length });
}
