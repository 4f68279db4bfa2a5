import { type GetInterceptionResponse, GetInterceptionResponseSchema } from "@aibridge/proto";
import { toJson } from "@bufbuild/protobuf";

/** Members whose values differ from run to run. */
const changing = new Set(["id", "interceptionId", "createdAt", "startedAt", "endedAt", "timeToFirstByte"]);

/** What was recorded of an interception, as JSON without ids and times: equal for equal stories. */
export function plainRecords(found: GetInterceptionResponse): unknown {
  const json = toJson(GetInterceptionResponseSchema, found);
  return JSON.parse(JSON.stringify(json, (key, value) => (changing.has(key) ? undefined : value)));
}
