import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { decodeBody } from "./content-encoding.ts";
import type { ModelApi } from "./render.ts";

/** What a request is for, read from its path. "other" is anything that is passed through. */
export type RequestKind = ModelApi | "models" | "count_tokens" | "other";

/** How far a request came: "aborted" when the client left before its answer was complete. */
export type RequestState = "open" | "finished" | "truncated" | "aborted";

/** A request as the provider saw it. */
export interface ProviderRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Names and values in turn, in the order and spelling they came in. */
  readonly rawHeaders: readonly string[];
  /** The bytes of the body as they came, encoded if they came so. */
  readonly body: Buffer;
  /** The decoded body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** The members of the JSON object in the body; empty when there is none. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly state: RequestState;
  /** The id of the model's answer to it, once there is one; never for errors, failures and raw answers. */
  readonly answerId: string | undefined;
  /** Resolves when nothing more will be sent for it. */
  readonly closed: Promise<RequestState>;
}

/** The endings of paths, the most specific first: what stands before them is the base URL's business. */
const kindsByEnding: readonly (readonly [RegExp, string, RequestKind])[] = [
  [/\/messages\/count_tokens$/, "POST", "count_tokens"],
  [/\/messages$/, "POST", "messages"],
  [/\/chat\/completions$/, "POST", "chat"],
  [/\/responses\/compact$/, "POST", "compact"],
  [/\/responses$/, "POST", "responses"],
  [/\/models(\/[^/]+)?$/, "GET", "models"],
];

export function requestKind(method: string, path: string): RequestKind {
  const pathname = path.split("?", 1)[0] ?? "";
  const found = kindsByEnding.find(([ending, itsMethod]) => method === itsMethod && ending.test(pathname));
  return found?.[2] ?? "other";
}

/** A request that is being answered; the server changes its state. */
export class OpenRequest implements ProviderRequest {
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly json: unknown;
  state: RequestState = "open";
  answerId: string | undefined = undefined;
  readonly closed: Promise<RequestState>;
  readonly #close: (state: RequestState) => void;

  constructor(incoming: IncomingMessage, body: Buffer, json: unknown) {
    this.method = incoming.method ?? "GET";
    this.path = incoming.url ?? "/";
    this.kind = requestKind(this.method, this.path);
    this.headers = incoming.headers;
    this.rawHeaders = incoming.rawHeaders;
    this.body = body;
    this.json = json;
    const { promise, resolve } = Promise.withResolvers<RequestState>();
    this.closed = promise;
    this.#close = resolve;
  }

  get members(): Readonly<Record<string, unknown>> {
    const { json } = this;
    return typeof json === "object" && json !== null && !Array.isArray(json) ? { ...json } : {};
  }

  close(state: RequestState): void {
    this.state = state;
    this.#close(state);
  }
}

/** Reads a whole request. Rejects when the client leaves before its end. */
export async function readRequest(incoming: IncomingMessage): Promise<OpenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const decoded = await decodeBody(body, incoming.headers["content-encoding"]);
  return new OpenRequest(incoming, body, parseJson(decoded));
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
