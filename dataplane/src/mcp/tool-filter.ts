import { RE2JS } from "re2js";

/** Why a tool is offered to the model or not. */
export type FilterVerdict = "in" | "denied" | "not_allowed";

/** The patterns of one server in a tool policy; "" for none. */
export interface ToolPatterns {
  /** RE2 pattern on the tool's own name: `^read_`. A tool must match it anywhere in its name. */
  readonly allow: string;
  /** RE2 pattern on the tool's own name. A tool that matches is out, whatever `allow` says. */
  readonly deny: string;
}

/** A pattern of a tool policy is not valid in RE2 syntax. */
export class InvalidToolPattern extends Error {
  override readonly name = "InvalidToolPattern";
}

/**
 * Judges tools by the patterns of their server, in time linear in the name's length: the names come from the server.
 * @throws InvalidToolPattern naming the server and the pattern
 */
export function toolFilter(server: string, patterns: ToolPatterns): (tool: string) => FilterVerdict {
  const allow = compile(server, "allow", patterns.allow);
  const deny = compile(server, "deny", patterns.deny);
  return (tool) => {
    if (deny?.matcher(tool).find()) return "denied";
    return allow === undefined || allow.matcher(tool).find() ? "in" : "not_allowed";
  };
}

function compile(server: string, side: "allow" | "deny", pattern: string): RE2JS | undefined {
  if (pattern === "") return undefined;
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new InvalidToolPattern(
      `MCP server ${server}: the ${side} pattern ${JSON.stringify(pattern)} is not valid in RE2 syntax (${(error as Error).message})`,
    );
  }
}
