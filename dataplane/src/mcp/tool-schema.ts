/** A JSON Schema as MCP servers send it. */
type Schema = Readonly<Record<string, unknown>>;

/** Most bytes of one schema as JSON text, and levels in it. */
const maxBytes = 64 * 1024;
const maxDepth = 32;

/** Members that no provider takes at the top of a tool's schema. */
const alternatives = ["oneOf", "anyOf", "allOf", "not", "if", "then", "else"];

/** The schema in a form that can be used, or why there is none. */
export type JudgedSchema =
  | { readonly schema: Schema; readonly problem?: undefined }
  | { readonly schema?: undefined; readonly problem: string };

/**
 * The schema as every provider takes it: an object at the top, no alternatives beside its properties (the server still
 * checks them), and every reference leads somewhere inside it.
 */
export function usableSchema({ type = "object", ...rest }: Schema): JudgedSchema {
  if (type !== "object")
    return { problem: `its schema is of type ${JSON.stringify(type)}, not of an object` };
  const members = Object.entries({ type, properties: {}, ...rest });
  const schema = Object.fromEntries(members.filter(([name]) => !alternatives.includes(name)));
  const problem = brokenReference(schema, schema, 0);
  if (problem !== undefined) return { problem };
  if (Buffer.byteLength(JSON.stringify(schema)) > maxBytes)
    return { problem: `its schema has more than ${maxBytes} bytes` };
  return { schema };
}

function brokenReference(value: unknown, root: Schema, depth: number): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > maxDepth) return `its schema has more than ${maxDepth} levels`;
  const { $ref: reference } = value as { $ref?: unknown };
  if (typeof reference === "string" && !leadsSomewhere(reference, root))
    return `its schema refers to ${JSON.stringify(reference.slice(0, 100))}, which is not in it`;
  for (const member of Object.values(value)) {
    const problem = brokenReference(member, root, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Follows a JSON pointer in a URI fragment (RFC 6901 §6). */
function leadsSomewhere(reference: string, root: Schema): boolean {
  if (reference === "#") return true;
  if (!reference.startsWith("#/")) return false;
  let at: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return false;
    at = (at as Record<string, unknown>)[name];
  }
  return true;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
