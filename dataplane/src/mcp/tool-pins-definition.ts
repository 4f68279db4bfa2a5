import { hash } from "node:crypto";
import { limitText } from "../apis/limit-text.ts";
import type { ServerTool } from "./tool-list.ts";

/** What a server says of a tool, as it is remembered. */
export interface PinnedDefinition {
  /** The tool's own name; one that is too long or no Unicode stands shortened, with a hash. */
  readonly name: string;
  /** SHA-256 of the whole definition. */
  readonly sha256: Uint8Array;
  /** The definition for people: JSON, cut where it is long. */
  readonly definition: string;
}

/** Longest name that is remembered, in UTF-16 units, and what is kept of a longer one. */
const maxName = 255;
const keptOfName = 190;
/** Longest text of a definition, in bytes of UTF-8. */
const maxBytes = 32 * 1024;

/**
 * The definition of a tool with its digest. The order of members makes no difference.
 * @returns undefined for what is nested too deep to be written
 */
export function pinnedDefinition({
  name,
  description,
  inputSchema,
}: ServerTool): PinnedDefinition | undefined {
  const text = canonicalJson({ name, description, inputSchema });
  if (text === undefined) return undefined;
  return {
    name: shownName(name),
    sha256: hash("sha256", text, "buffer"),
    definition: limitText(text, maxBytes).text,
  };
}

/** A digest in hexadecimal. */
export function hexOf(sha256: Uint8Array): string {
  return Buffer.from(sha256).toString("hex");
}

/** JSON with the members of each object in one order. */
function canonicalJson(value: object): string | undefined {
  try {
    return JSON.stringify(value, (_name, member: unknown) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function shownName(name: string): string {
  if (name.length <= maxName && name.isWellFormed()) return name;
  // JSON tells apart what is no Unicode.
  return `${name.slice(0, keptOfName).toWellFormed()}…${hash("sha256", JSON.stringify(name), "hex")}`;
}
