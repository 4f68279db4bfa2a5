import type { IncomingHttpHeaders } from "node:http";
import { acceptsEncoding, contentEncoding, isDecodable } from "../upstream/content-encoding.ts";

/** In which form an upstream answer goes to the client. */
export interface AnswerForm {
  readonly status: number;
  /** True for server-sent events, false for a whole body. */
  readonly streaming: boolean;
  /** True for a status >= 400. */
  readonly isError: boolean;
  /** True if it came encoded and stays so: what it decodes to is only looked at. */
  readonly keepEncoding: boolean;
  /** The upstream headers that are true of what the client gets. */
  readonly headers: IncomingHttpHeaders;
}

export interface ClientWishes {
  /** Accept-Encoding of the client; undefined if it sent none. */
  readonly acceptEncoding: string | undefined;
  /** True if the answer may be edited on its way, which needs it decoded. */
  readonly edited: boolean;
}

const eventStream = /^text\/event-stream\b/i;

/**
 * Decides on the form. An answer that came encoded, though identity was asked for, is decoded unless the client itself
 * allows that encoding. In an encoding that is not known here it is handed on as it is, as a body that cannot be read.
 */
export function answerForm(
  status: number,
  headers: IncomingHttpHeaders,
  { acceptEncoding, edited }: ClientWishes,
): AnswerForm {
  const encoding = contentEncoding(headers["content-encoding"]);
  const decodable = isDecodable(encoding);
  const keepEncoding = decodable && !edited && acceptsEncoding(acceptEncoding, encoding);
  const readable = encoding === "" || decodable;
  const streaming = readable && status < 400 && eventStream.test(headers["content-type"] ?? "");
  return {
    status,
    streaming,
    isError: status >= 400,
    keepEncoding,
    headers: trueHeaders(headers, { resized: edited || streaming, decoded: decodable && !keepEncoding }),
  };
}

/** How long a stream or an edited answer will be is not known: an event may be hidden from it, or an error event added. */
function trueHeaders(
  headers: IncomingHttpHeaders,
  { resized, decoded }: { readonly resized: boolean; readonly decoded: boolean },
): IncomingHttpHeaders {
  if (!decoded && (!resized || headers["content-length"] === undefined)) return headers;
  const { "content-length": _length, "content-encoding": encoding, ...rest } = headers;
  return decoded || encoding === undefined ? rest : { ...rest, "content-encoding": encoding };
}
