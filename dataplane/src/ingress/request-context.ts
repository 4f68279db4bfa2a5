import type { IncomingMessage, ServerResponse } from "node:http";
import type { RuntimeConfig } from "../plan/runtime-config.ts";
import type { BodyBudget } from "./body-budget.ts";
import { heldBytes, type RequestBody, readBody } from "./read-body.ts";

/** One client request on its way through the gateway. */
export class RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Recognised client: "Claude Code". */
  readonly client: string;
  /** When it was accepted, by performance.now(). */
  readonly acceptedAt = performance.now();
  /** When it was accepted, in milliseconds since the epoch. */
  readonly startedAtMs = Date.now();
  /** True once it went upstream: from then on the exchange ends it. */
  sent = false;
  #clientMs = 0;
  readonly #releases: (() => void)[] = [];

  constructor(request: IncomingMessage, response: ServerResponse, client: string) {
    this.request = request;
    this.response = response;
    this.client = client;
  }

  /** Milliseconds since the request was accepted that were not spent waiting for the client. */
  ownMs(): number {
    return performance.now() - this.acceptedAt - this.#clientMs;
  }

  /** Reads the body; its bytes count against the budget until `close`. */
  async readBody(budget: BodyBudget, { limits, timeouts }: RuntimeConfig): Promise<RequestBody> {
    const startedAt = performance.now();
    if (this.request.headers.expect !== undefined) this.response.writeContinue();
    const body = await readBody(this.request, { ...limits, timeoutMs: timeouts.clientBodyMs }, budget);
    this.#clientMs += performance.now() - startedAt;
    this.hold(() => budget.give(heldBytes(body)));
    return body;
  }

  /** Keeps something for the request, which `close` gives back. */
  hold(release: () => void): void {
    this.#releases.push(release);
  }

  /** The request is over. */
  close(): void {
    for (const release of this.#releases.splice(0)) release();
  }
}
