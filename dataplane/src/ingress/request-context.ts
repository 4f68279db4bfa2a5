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
  #clientMs = 0;
  #release: (() => void) | undefined;

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
    const body = await readBody(this.request, { ...limits, timeoutMs: timeouts.clientBodyMs }, budget);
    this.#clientMs += performance.now() - startedAt;
    this.#release = () => budget.give(heldBytes(body));
    return body;
  }

  /** The request is over. */
  close(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
