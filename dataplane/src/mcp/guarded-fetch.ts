import { lookup as resolveName } from "node:dns";
import type { LookupFunction } from "node:net";
import type { FetchLike } from "@modelcontextprotocol/client";
import { Agent, type RequestInit, type Response, fetch as undiciFetch } from "undici";
import { answerLimit, eventLimit } from "./answer-limit.ts";
import { isRefusedAddress } from "./refused-address.ts";

/** The URL of an MCP server leads to where none may be. */
export class RefusedAddress extends Error {
  override readonly name = "RefusedAddress";
}

/** How requests to MCP servers go out; one for all of them. */
export interface GuardedFetch {
  readonly fetch: FetchLike;
  close(): Promise<void>;
}

/** Longest answer, in bytes: it is held in memory until it is complete, and far more than goes to a model. */
const maxAnswerBytes = 4 * 1024 * 1024;
const connectTimeoutMs = 10_000;

/**
 * Requests to MCP servers: over http and https alone, and not to link-local or metadata addresses, whatever a name
 * resolves to; redirects fail; answers are bounded. Cookies are neither kept nor sent.
 */
export function guardedFetch(resolve: typeof resolveName = resolveName): GuardedFetch {
  const agent = new Agent({
    connect: { lookup: guardedLookup(resolve), timeout: connectTimeoutMs },
    // A stream of notifications may be silent for as long as it likes; calls have their own time-outs.
    bodyTimeout: 0,
    headersTimeout: 0,
  });
  return {
    fetch: async (url, init) => {
      checkUrl(new URL(url));
      const request = { ...(init as RequestInit), redirect: "error", dispatcher: agent } as const;
      return bounded(await undiciFetch(url, request)) as unknown as globalThis.Response;
    },
    close: () => agent.destroy(),
  };
}

/** A literal address is connected to without a look-up. */
function checkUrl({ protocol, hostname }: URL): void {
  if (protocol !== "http:" && protocol !== "https:")
    throw new RefusedAddress(`its URL is of the kind ${protocol} instead of http: or https:`);
  if (isRefusedAddress(hostname.replace(/^\[|\]$/g, ""))) throw refusedAddress(hostname);
}

function refusedAddress(host: string): RefusedAddress {
  return new RefusedAddress(
    `${host} is an address at which no MCP server may be (link-local or a cloud's metadata service)`,
  );
}

function guardedLookup(resolve: typeof resolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const allowed = addresses.filter(({ address }) => !isRefusedAddress(address));
      const [first] = allowed;
      if (first === undefined) return callback(refusedAddress(hostname), "");
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function bounded(response: Response): Response {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const hasEvents = headers.get("content-type")?.startsWith("text/event-stream") === true;
  const limit = hasEvents ? eventLimit(maxAnswerBytes) : answerLimit(maxAnswerBytes);
  const Bounded = response.constructor as typeof Response;
  return new Bounded(response.body.pipeThrough(limit), { status, statusText, headers });
}
