import { setTimeout as delay } from "node:timers/promises";
import type { Config, ConfigService, Invalidation } from "@aibridge/proto";
import { API_VERSION } from "@aibridge/proto/channel";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "../telemetry/log.ts";

export interface WatchConfigOptions {
  readonly client: Client<typeof ConfigService>;
  readonly gatewayId: string;
  readonly log: Logger;
  /** A whole configuration arrived. */
  onConfig(config: Config): void;
  onInvalidation(invalidation: Invalidation): void;
  /** A stream began or broke: what was cached may have changed unseen. */
  onInterruption(): void;
}

const minBackoffMs = 50;
const maxBackoffMs = 2_000;

/** Follows the configuration until the signal aborts, connecting again with back-off. Never rejects. */
export async function watchConfig(options: WatchConfigOptions, signal: AbortSignal): Promise<void> {
  let backoffMs = minBackoffMs;
  let away = false;
  while (!signal.aborted) {
    try {
      await followStream(options, signal, () => {
        if (away) options.log.info("the configuration service is back");
        away = false;
        backoffMs = minBackoffMs;
      });
    } catch (error) {
      if (signal.aborted) return;
      const { code, rawMessage } = ConnectError.from(error);
      if (!away)
        options.log.warn(
          { code: Code[code], reason: rawMessage },
          "the configuration service is away: retrying",
        );
      away = true;
    }
    options.onInterruption();
    await delay(backoffMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
  }
}

async function followStream(
  options: WatchConfigOptions,
  signal: AbortSignal,
  began: () => void,
): Promise<void> {
  const request = { gatewayId: options.gatewayId, apiVersion: API_VERSION };
  let first = true;
  for await (const { event } of options.client.watchConfig(request, { signal })) {
    if (first) {
      began();
      options.onInterruption();
      first = false;
    }
    if (event.case === "config") options.onConfig(event.value);
    else if (event.case === "invalidation") options.onInvalidation(event.value);
  }
}
