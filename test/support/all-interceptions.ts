import type { GetInterceptionResponse } from "@aibridge/proto";
import type { GatewayUnderTest } from "./use-gateway.ts";

/** Every interception with its records, however many pages that takes. */
export async function allInterceptions({ usage }: GatewayUnderTest): Promise<GetInterceptionResponse[]> {
  const all: GetInterceptionResponse[] = [];
  let pageToken = "";
  do {
    const page = await usage.listInterceptions({ pageSize: 1000, pageToken, includeRecords: true });
    all.push(...page.interceptions);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all;
}
