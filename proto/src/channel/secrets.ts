import { createHash, timingSafeEqual } from "node:crypto";

/** Shortest gateway or admin key that is accepted, in characters. */
export const MIN_KEY_LENGTH = 32;

/** SHA-256 of a secret, the only form in which secrets are stored: 32 bytes. */
export function digestSecret(secret: string): Buffer {
  return createHash("sha256").update(secret, "utf8").digest();
}

/**
 * Compares two secrets in constant time, whatever their lengths. A string is the secret itself, bytes are its
 * {@link digestSecret}.
 */
export function secretsEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = asDigest(a);
  const right = asDigest(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function asDigest(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? digestSecret(secret) : secret;
}
