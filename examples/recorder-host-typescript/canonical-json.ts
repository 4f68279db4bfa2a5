/** What a Struct or a map of counts holds. */
export type JsonLike =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonLike[]
  | { readonly [name: string]: JsonLike };

/**
 * JSON in the one form that equal values have: members sorted by the code points of their names, no white space. Written
 * by hand, because JSON.stringify puts names that look like numbers first and refuses a bigint.
 */
export function canonicalJson(value: JsonLike): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** Array.isArray does not know arrays that are read-only. */
function isArray(value: object): value is readonly JsonLike[] {
  return Array.isArray(value);
}
