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
  /** A stream began: what was cached may have changed unseen, and can be asked for again. */
  onConnected(): void;
  /** A stream broke: what is cached may change unseen. */
  onInterruption(): void;
}

const minBackoffMs = 50;
const maxBackoffMs = 2_000;
const maxReasons = 10;

/** Follows the configuration until the signal aborts, connecting again with back-off. Never rejects. */
export async function watchConfig(options: WatchConfigOptions, signal: AbortSignal): Promise<void> {
  let backoffMs = minBackoffMs;
  // Reasons that were logged since it was last there, each once: the second may be the one that helps.
  const told = new Set<string>();
  while (!signal.aborted) {
    try {
      await followStream(options, signal, () => {
        if (told.size > 0) options.log.info("the configuration service is back");
        told.clear();
        backoffMs = minBackoffMs;
      });
    } catch (error) {
      if (signal.aborted) return;
      const reason = ConnectError.from(error);
      if (!told.has(reason.message) && told.size < maxReasons) {
        told.add(reason.message);
        logFailure(options.log, reason);
      }
    }
    options.onInterruption();
    await delay(backoffMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
  }
}

/** What will not pass by itself is said loudly. */
function logFailure(log: Logger, { code, rawMessage }: ConnectError): void {
  const details = { code: Code[code], reason: rawMessage };
  if (code === Code.Unauthenticated || code === Code.PermissionDenied || code === Code.FailedPrecondition)
    log.error(details, "the configuration service refuses this gateway: check its gateway key and version");
  else log.warn(details, "the configuration service is away: retrying");
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
      options.onConnected();
      first = false;
    }
    if (event.case === "config") options.onConfig(event.value);
    else if (event.case === "invalidation") options.onInvalidation(event.value);
  }
}
