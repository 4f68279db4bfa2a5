import {
  type Config,
  type ConfigService,
  type WatchConfigResponse,
  WatchConfigResponseSchema,
} from "@aibridge/proto";
import { checkApiVersion } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { WatchEvent, WatchFeed } from "../domain/watch-feed.ts";
import type { StreamLifetime } from "../transport/stream-lifetime.ts";

/** What a data plane is told of the configuration file. */
export interface ConfigSnapshot {
  readonly config: Config;
}

/** ConfigService: the newest Config, and an Invalidation for each token that became worthless. */
export function configService(
  feed: WatchFeed<ConfigSnapshot>,
  lifetime: StreamLifetime,
): ServiceImpl<typeof ConfigService> {
  return {
    async *watchConfig({ apiVersion }, context) {
      const problem = apiVersion === "" ? undefined : checkApiVersion(apiVersion);
      if (problem !== undefined) {
        throw new ConnectError(problem, Code.FailedPrecondition);
      }
      for await (const event of lifetime.during(context, (signal) => feed.watch(signal))) {
        yield eventMessage(event);
      }
    },
  };
}

function eventMessage(event: WatchEvent<ConfigSnapshot>): WatchConfigResponse {
  switch (event.kind) {
    case "snapshot":
      return create(WatchConfigResponseSchema, { event: { case: "config", value: event.snapshot.config } });
    case "invalidated":
      return create(WatchConfigResponseSchema, {
        event: { case: "invalidation", value: { scope: { case: "apiKeyId", value: event.id } } },
      });
    case "all_invalidated":
      return create(WatchConfigResponseSchema, {
        event: { case: "invalidation", value: { scope: { case: "all", value: true } } },
      });
  }
}
