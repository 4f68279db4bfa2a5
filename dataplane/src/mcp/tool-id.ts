import { createHash } from "node:crypto";

/** What every injected tool's id begins with. */
const prefix = "bmcp_";
/** The longest name that all providers take for a tool. */
const maxLength = 64;
/** Hexadecimal digits of the hash that stands in for what an id cannot hold. */
const hashLength = 10;

/** A tool as its server calls it. */
export interface NamedTool {
  readonly server: string;
  readonly tool: string;
}

/**
 * The ids under which providers know tools, in the same order: `bmcp_<server>_<tool>`, of `[a-zA-Z0-9_-]{1,64}`. A name
 * that is too long or has other characters is shortened and ends with a hash of both names, which stays the same as long
 * as they do. No two are alike: of two tools with the same plain id, the first keeps it.
 */
export function toolIds(tools: readonly NamedTool[]): string[] {
  const taken = new Set<string>();
  return tools.map((named) => {
    let id = plainId(named) ?? hashedId(named, 0);
    for (let salt = 1; taken.has(id); salt++) id = hashedId(named, salt);
    taken.add(id);
    return id;
  });
}

/** Undefined if no provider would take it. */
function plainId({ server, tool }: NamedTool): string | undefined {
  const id = `${prefix}${server}_${tool}`;
  return tool !== "" && /^[a-zA-Z0-9_-]+$/.test(id) && id.length <= maxLength ? id : undefined;
}

function hashedId({ server, tool }: NamedTool, salt: number): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([server, tool, salt]))
    .digest("hex");
  const readable = `${prefix}${server}_${tool}`.replace(/[^a-zA-Z0-9_-]/g, "_");
  return `${readable.slice(0, maxLength - hashLength - 1)}_${hash.slice(0, hashLength)}`;
}
