import { expect, test } from "vitest";
import { acceptsEncoding, contentEncoding, createDecoder } from "./content-encoding.ts";

test.each([
  [undefined, "gzip", false],
  ["", "gzip", false],
  ["gzip, br", "gzip", true],
  ["GZIP;q=0.5", "gzip", true],
  ["gzip;q=0, *", "gzip", false],
  ["gzip; q=0.000", "gzip", false],
  ["*", "zstd", true],
  ["*;q=0", "zstd", false],
  ["identity", "br", false],
  ["gzip, zstd", "br", false],
])("accept-encoding %j allows %s: %s", (header, encoding, allowed) => {
  expect(acceptsEncoding(header, encoding)).toBe(allowed);
});

test.each([
  [undefined, ""],
  ["identity", ""],
  [" GZip ", "gzip"],
  ["gzip, br", "gzip, br"],
])("content-encoding %j reads as %j", (header, encoding) => {
  expect(contentEncoding(header)).toBe(encoding);
});

test.each(["", "compress", "gzip, br", "constructor", "tostring", "__proto__"])(
  "%j is no encoding that can be decoded",
  (encoding) => {
    expect(createDecoder(encoding)).toBeUndefined();
  },
);
