import type { JsonObject } from "../json/json-object.ts";

/**
 * True for a call of a tool in a toolset or a namespace: that is another tool than the one which the request lists under
 * the same name.
 * @param call a block of a Messages answer, or an item of a Responses output
 */
export function isQualified(call: JsonObject): boolean {
  return call.string("namespace") !== undefined || call.string("toolset_name") !== undefined;
}
