import type { Api, ObserveOptions } from "../apis/api.ts";
import type { ObservationSink } from "../apis/observation.ts";
import type { NewRelay } from "./answer-relay.ts";
import { JsonRelay } from "./json-relay.ts";
import { StreamRelay } from "./stream-relay.ts";

export interface PlainRelayOptions {
  readonly api: Api;
  readonly observe: ObserveOptions;
  readonly sink: ObservationSink;
  /** Secrets that the client must not see in an error the provider answers with: a central key. */
  readonly concealed: readonly string[];
}

/** Relays an answer byte for byte. */
export function plainRelay({ api, observe, sink, concealed }: PlainRelayOptions): NewRelay {
  return ({ streaming, isError }, downstream, onTerminal) =>
    streaming
      ? new StreamRelay({
          observer: api.observeStream(sink, observe),
          downstream,
          hiding: observe.hideUsage,
          onTerminal,
        })
      : new JsonRelay({ api, sink, downstream, observe, isError, concealed });
}
