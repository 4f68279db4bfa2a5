/**
 * The aibridge SDK: typed clients for every service and the generated messages.
 *
 * ```ts
 * import { createUsageClient, UsageDimension } from "@aibridge/sdk";
 *
 * const usage = createUsageClient({ url: "http://127.0.0.1:9090", adminKey });
 * const { rows } = await usage.summarizeUsage({ groupBy: [UsageDimension.ACTOR] });
 * ```
 */
export * from "@aibridge/proto";
export * from "./clients/index.ts";
