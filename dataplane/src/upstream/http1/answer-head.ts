import type { IncomingHttpHeaders } from "node:http";
import { invalidAnswer } from "./upstream-error.ts";

/** Where a body ends: after so many bytes, by chunked coding, or where the connection ends. */
export type BodyFraming = number | "chunked" | "until_close";

/** Status line and headers of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; the values of a name that came more than once are a list. */
  readonly headers: IncomingHttpHeaders;
  readonly framing: BodyFraming;
  /** Milliseconds for which the connection may wait for another request after this answer, 0 for not at all. */
  readonly keepAliveMs: number;
}

/** `HTTP/1.1 200 OK`: minor version, status; the reason is nobody's business. */
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Control characters, and CR and LF that do not end a line together. */
const notInHead = /\r(?!\n)|(?<!\r)\n|[^\t\r\n\x20-\x7e\x80-\xff]/;
const length = /^\d{1,15}$/;

/** Names as they came with what they are in lower case. Providers send the same ones with every answer. */
const knownNames = new Map<string, string>();
const maxKnownNames = 256;

/** A provider that does not say how long it keeps connections is taken to keep them for longer than this. */
const defaultKeepAliveMs = 4_000;
/** Time by which a connection is given up before its provider closes it, so that no request meets its end. */
const keepAliveMarginMs = 2_000;

/**
 * Reads the head of an answer, given as Latin-1 without the empty line. Strict where two readers could disagree on where
 * the answer ends (RFC 9112 §6): such an answer is no answer.
 * @param method of the request: an answer to HEAD has no body
 * @throws UpstreamError UPSTREAM_INVALID_ANSWER
 */
export function readAnswerHead(text: string, method: string): AnswerHead {
  if (notInHead.test(text)) throw invalidAnswer("header");
  const lines = text.split("\r\n");
  const match = statusLine.exec(lines[0] as string);
  if (match === null) throw invalidAnswer("status line");
  const status = Number(match[2]);
  const headers = readHeaders(lines);
  const framing = bodyFraming(method, status, headers);
  const keeps = match[1] === "1" && framing !== "until_close";
  return { status, headers, framing, keepAliveMs: keeps ? keepAliveMs(headers) : 0 };
}

function readHeaders(lines: readonly string[]): IncomingHttpHeaders {
  // Without a prototype every name is just a name, "__proto__" too.
  const headers: IncomingHttpHeaders = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(":");
    // A line that begins with a blank continues the one before (obs-fold): its name is none either.
    const name = lowerCaseName(line.slice(0, Math.max(colon, 0)));
    add(headers, name, valueBehind(line, colon));
  }
  return headers;
}

function lowerCaseName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!headerName.test(name)) throw invalidAnswer("header");
  const lower = name.toLowerCase();
  if (knownNames.size < maxKnownNames) knownNames.set(name, lower);
  return lower;
}

/** Without the blanks around it. `trim` would take 0xA0 too, which is also part of characters in UTF-8. */
function valueBehind(line: string, colon: number): string {
  let from = colon + 1;
  let to = line.length;
  while (from < to && isBlank(line.charCodeAt(from))) from++;
  while (to > from && isBlank(line.charCodeAt(to - 1))) to--;
  return line.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function add(headers: IncomingHttpHeaders, name: string, value: string): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (typeof before === "string") headers[name] = [before, value];
  else before.push(value);
}

function bodyFraming(method: string, status: number, headers: IncomingHttpHeaders): BodyFraming {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return 0;
  const coding: unknown = headers["transfer-encoding"];
  const declared: unknown = headers["content-length"];
  if (coding !== undefined) {
    if (declared !== undefined || typeof coding !== "string" || coding.toLowerCase() !== "chunked")
      throw invalidAnswer("transfer-encoding");
    return "chunked";
  }
  if (declared === undefined) return "until_close";
  if (typeof declared !== "string" || !length.test(declared)) throw invalidAnswer("content-length");
  return Number(declared);
}

function keepAliveMs(headers: IncomingHttpHeaders): number {
  if (/\bclose\b/i.test(String(headers.connection ?? ""))) return 0;
  const seconds = /\btimeout=(\d{1,6})/i.exec(String(headers["keep-alive"] ?? ""))?.[1];
  return seconds === undefined ? defaultKeepAliveMs : Math.max(0, Number(seconds) * 1000 - keepAliveMarginMs);
}
