import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";

/**
 * A zstd frame names the memory its decoder needs. 8 MiB is what RFC 9659 has decoders of HTTP content accept; the
 * library's own bound of 128 MiB would let a few bytes of a frame take that much.
 */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", () => createInflate()],
  ["br", () => createBrotliDecompress()],
  ["zstd", () => createZstdDecompress(zstdOptions)],
]);

/** The content-encoding of a message in lower case: "" if it has none, else one name or a list as it was sent. */
export function contentEncoding(header: string | undefined): string {
  const encoding = (header ?? "").trim().toLowerCase();
  return encoding === "identity" ? "" : encoding;
}

/** True if `createDecoder` has a decoder of that content-encoding. */
export function isDecodable(encoding: string): boolean {
  return decoders.has(encoding);
}

/** A decoder of that content-encoding; undefined if it cannot be decoded here. */
export function createDecoder(encoding: string): Transform | undefined {
  return decoders.get(encoding)?.();
}

/**
 * True if an Accept-Encoding header allows an encoding (RFC 9110 §12.5.3). Without that header it does not: clients
 * that send none often decode none.
 */
export function acceptsEncoding(header: string | undefined, encoding: string): boolean {
  let any = false;
  for (const part of (header ?? "").toLowerCase().split(",")) {
    const [name, ...parameters] = part.split(";").map((piece) => piece.trim());
    const allowed = !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (name === encoding) return allowed;
    if (name === "*") any = allowed;
  }
  return any;
}
