import type { IncomingHttpHeaders } from "node:http";
import type { Actor } from "@aibridge/proto";
import type { UpstreamCredential } from "./credential.ts";

/** Connection-level headers (RFC 9110 §7.6.1), which end at each hop. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Never sent upstream: of this hop, about this hop, or a credential. */
const requestDropped = new Set([
  ...hopByHop,
  "host",
  "content-length",
  "expect",
  "authorization",
  "x-api-key",
  "cookie",
  "forwarded",
]);
const requestDroppedPrefixes = ["x-forwarded-", "x-aibridge-", "x-ai-bridge-"];

/** Never sent back: of this hop, or a statement about the provider's own host. */
const responseDropped = new Set([...hopByHop, "set-cookie", "alt-svc", "strict-transport-security"]);

/** Choices for one upstream request. */
export interface UpstreamHeaderOptions {
  readonly credential: UpstreamCredential;
  /** Ask for an unencoded answer, because it is read on the way. */
  readonly identityEncoding: boolean;
  /** Leave out content-encoding: the body was edited and goes out decoded. */
  readonly decodedBody: boolean;
  /** Leave out idempotency-key: it stands for the client's own request, and this is a further one. @default false */
  readonly followUp?: boolean;
  /** Named in `anthropic-beta` behind those of the client. @default none */
  readonly betas?: readonly string[] | undefined;
  /** Lower-case name of the header in which a trusted proxy names the actor: not for the provider. */
  readonly trustedHeader: string | undefined;
  /** Send who is calling (`send_actor_headers`). */
  readonly actor: Actor | undefined;
}

/** The headers of an upstream request as a flat list of names and values, from those of the client. */
export function upstreamHeaders(rawHeaders: readonly string[], options: UpstreamHeaderOptions): string[] {
  const headers: string[] = [];
  const named = namedByConnection(rawHeaders);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (requestDropped.has(lower) || named?.has(lower) || isPrivate(lower)) continue;
    if (lower === options.trustedHeader) continue;
    if (lower === "accept-encoding" && options.identityEncoding) continue;
    if (lower === "content-encoding" && options.decodedBody) continue;
    if (lower === "idempotency-key" && options.followUp) continue;
    headers.push(name, rawHeaders[i + 1] as string);
  }
  for (const beta of options.betas ?? []) addBeta(headers, beta);
  if (options.identityEncoding) headers.push("accept-encoding", "identity");
  for (const [name, value] of options.credential.headers) headers.push(name, value);
  if (options.actor !== undefined) pushActor(headers, options.actor);
  return headers;
}

/** The headers that a client gets of an upstream answer, as a flat list of names and values. */
export function downstreamHeaders(headers: IncomingHttpHeaders): string[] {
  const kept: string[] = [];
  const named = namedIn(headers.connection?.toString());
  for (const name of Object.keys(headers)) {
    if (responseDropped.has(name) || named?.has(name) || name.startsWith("x-aibridge-")) continue;
    const value = headers[name];
    if (typeof value === "string") kept.push(name, value);
    else for (const one of value ?? []) kept.push(name, one);
  }
  return kept;
}

function isPrivate(name: string): boolean {
  // All of them start with "x-" or "p": a look at one character spares most names the rest.
  return name.startsWith("x-") && requestDroppedPrefixes.some((prefix) => name.startsWith(prefix));
}

function namedByConnection(rawHeaders: readonly string[]): Set<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    const more = namedIn(rawHeaders[i + 1]);
    if (more !== undefined) named = new Set([...(named ?? []), ...more]);
  }
  return named;
}

/** The names in a Connection header; undefined for "keep-alive", which nearly all of them are and which names none. */
function namedIn(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection.toLowerCase() === "keep-alive") return undefined;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

/** Names a beta behind the client's own, in the last header of that name: not every server reads one more. */
function addBeta(headers: string[], beta: string): void {
  let last = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== "anthropic-beta") continue;
    if (headers[i + 1]?.split(",").some((named) => named.trim() === beta)) return;
    last = i;
  }
  if (last === -1) headers.push("anthropic-beta", beta);
  else headers[last + 1] = headers[last + 1]?.trim() ? `${headers[last + 1]},${beta}` : beta;
}

function pushActor(headers: string[], actor: Actor): void {
  headers.push("X-AI-Bridge-Actor-ID", headerValue(actor.id));
  for (const [name, value] of Object.entries(actor.metadata ?? {})) {
    if (!/^[A-Za-z0-9_-]+$/.test(name)) continue;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    headers.push(`X-AI-Bridge-Actor-Metadata-${name}`, headerValue(text));
  }
}

/** Percent-encodes (as UTF-8) what is outside printable ASCII, and "%" itself so that it can be read back. */
function headerValue(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x7e]|%/gu, encodeURIComponent);
}
