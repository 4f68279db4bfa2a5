import { Exchange, type ExchangeOptions } from "../loop/exchange.ts";
import { withTraceparent } from "../telemetry/trace-context.ts";
import type { TurnTrace } from "../telemetry/tracing.ts";

/** What is under way with a provider. */
export type RunningExchange = Pick<Exchange, "run" | "abort">;

/** An exchange whose request and end are part of a trace; a plain one where traces are off. */
export function tracedExchange(turn: TurnTrace | undefined, options: ExchangeOptions): RunningExchange {
  if (turn === undefined) return new Exchange(options);
  const { request, relay } = options;
  let status = 0;
  const exchange = new Exchange({
    ...options,
    request: { ...request, headers: withTraceparent(request.headers, turn.traceparent) },
    relay: (form, to, onTerminal) => {
      status = form.status;
      return relay(form, to, onTerminal);
    },
  });
  return {
    run: async () => {
      const end = await exchange.run();
      const { outcome, failure, upstreamError } = end;
      turn.end({ outcome, status, errorType: failure?.code ?? upstreamError?.type });
      return end;
    },
    abort: (reason) => exchange.abort(reason),
  };
}
