import { formatTable } from "./table.ts";

/** An MCP server of an actor's policy. */
export interface ListedServer {
  readonly name: string;
  readonly url: string;
  readonly state: "up" | "down";
  /** The version of MCP it speaks. */
  readonly protocol: string | undefined;
  /** Why it is down, or why none of its tools is in. */
  readonly problem: string | undefined;
  readonly tools: readonly ListedTool[];
}

export interface ListedTool {
  readonly name: string;
  /** Under which providers know it. */
  readonly id: string | undefined;
  /** Why it is out; undefined for a tool that is in. */
  readonly out: string | undefined;
  /** True if what its server says of it is not approved. */
  readonly changed: true | undefined;
}

/** Tools of one request that OpenAI takes. */
const OPENAI_TOOLS = 128;

/** A table of the servers, one of their tools, and a note where these are more than a provider takes. */
export function formatMcpServers(servers: readonly ListedServer[]): string {
  const tools = servers.flatMap(({ name: server, tools }) => tools.map((tool) => ({ server, ...tool })));
  const serverTable = formatTable<ListedServer>(
    [
      { heading: "SERVER", cell: ({ name }) => name },
      { heading: "URL", cell: ({ url }) => url },
      { heading: "STATE", cell: ({ state }) => state },
      { heading: "MCP", cell: ({ protocol }) => protocol ?? "" },
      { heading: "PROBLEM", cell: ({ problem }) => problem ?? "" },
    ],
    servers,
  );
  if (tools.length === 0) {
    return `${serverTable}\nNo tools.\n`;
  }
  const toolTable = formatTable<(typeof tools)[number]>(
    [
      { heading: "TOOL", cell: ({ name }) => name },
      { heading: "SERVER", cell: ({ server }) => server },
      { heading: "ID", cell: ({ id }) => id ?? "" },
      { heading: "STATUS", cell: status },
    ],
    tools,
  );
  return `${serverTable}\n${toolTable}${limitNote(tools)}`;
}

function limitNote(tools: readonly ListedTool[]): string {
  const count = tools.filter(({ out }) => out === undefined).length;
  return count <= OPENAI_TOOLS
    ? ""
    : `\n${count} tools are in. OpenAI takes ${OPENAI_TOOLS} in one request, the client's own among them: the last ones are left out there.\n`;
}

function status({ out, changed }: ListedTool): string {
  if (out !== undefined) {
    return `out: ${out}`;
  }
  return changed ? "in, though its definition changed" : "in";
}
