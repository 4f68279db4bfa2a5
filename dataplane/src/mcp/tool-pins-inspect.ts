import type { McpServer } from "@aibridge/proto";
import { shownUrl } from "./mcp-access.ts";
import type { ServerTool } from "./tool-list.ts";
import { hexOf, pinnedDefinition } from "./tool-pins-definition.ts";

/** What is remembered of tools, read without remembering anything. */
export interface RememberedTools {
  readonly mode: "warn" | "block";
  readonly pins: readonly RememberedPin[];
}

/** One definition of a tool. */
export interface RememberedPin {
  readonly serverName: string;
  readonly serverUrl: string;
  readonly tool: string;
  readonly sha256: Uint8Array;
  readonly approved: boolean;
}

/** Tells which tools of a server say something else of themselves than what is approved, in words for people. */
export function changedTools(
  { name, url }: McpServer,
  { pins }: RememberedTools,
): (tool: ServerTool) => string | undefined {
  const ofServer = pins.filter(
    ({ serverName, serverUrl }) => serverName === name && serverUrl === shownUrl(url),
  );
  const known = new Set(ofServer.map(({ tool }) => tool));
  const states = new Map(ofServer.map(({ sha256, approved }) => [hexOf(sha256), approved]));
  return (tool) => {
    const definition = pinnedDefinition(tool);
    if (definition === undefined) return "its definition is nested too deep to be compared";
    const digest = hexOf(definition.sha256);
    const approved = states.get(digest);
    // A tool that nobody has seen yet is approved by being the first.
    if (approved || !known.has(definition.name)) return undefined;
    if (approved === undefined) return "its definition changed, which no data plane has seen yet";
    return `its definition changed and waits to be approved${approveCommand(name, definition.name, digest)}`;
  };
}

/** What would have to be quoted is left out: what a server says is no part of a command line. */
function approveCommand(server: string, tool: string, digest: string): string {
  if (!isPlain(server)) return "";
  return ` (aibridge mcp approve ${server} ${isPlain(tool) ? tool : `--sha256 ${digest}`})`;
}

function isPlain(word: string): boolean {
  return /^\w[\w.-]*$/.test(word);
}
