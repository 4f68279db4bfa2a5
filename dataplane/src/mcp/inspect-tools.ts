/** The servers and tools of a tool policy as a data plane would find them, for people who ask why a tool is not there. */
import type { McpServer } from "@aibridge/proto";
import pino from "pino";
import { guardedFetch } from "./guarded-fetch.ts";
import { mcpAccess } from "./mcp-access.ts";
import { ServerLink, type ServerLinkOptions } from "./server-link.ts";
import { InvalidToolPattern } from "./tool-filter.ts";
import type { ServerTool } from "./tool-list.ts";
import { changedTools, type RememberedTools } from "./tool-pins-inspect.ts";
import { type JudgedTool, judgeTools, toolSet } from "./tool-set.ts";

/** A server of the policy. Holds no credentials. */
export interface InspectedServer {
  readonly name: string;
  /** Without what may be a credential. */
  readonly url: string;
  readonly state: "up" | "down";
  /** The version of MCP it speaks: "2026-07-28"; undefined if it could not be connected to. */
  readonly protocol: string | undefined;
  /** Why it is down, or why none of its tools is in. */
  readonly problem: string | undefined;
  /** By name. */
  readonly tools: readonly InspectedTool[];
}

export interface InspectedTool {
  /** As its server calls it. */
  readonly name: string;
  /** Under which providers know it; undefined for a tool that is out. */
  readonly id: string | undefined;
  /** Why it is out; undefined for a tool that is in. */
  readonly out: string | undefined;
  /** True if what its server says of it is not approved; undefined if it is, and where that is not known. */
  readonly changed: true | undefined;
}

/** What was found at one server. */
interface Found {
  readonly server: Omit<InspectedServer, "tools">;
  readonly judged: readonly (JudgedTool & { readonly changed: true | undefined })[];
}

/**
 * Connects to each server once, asks for its tools, and disconnects. Never rejects for what a server does. Nothing is
 * remembered of the tools.
 * @param remembered what tools are compared with; undefined: they are not
 */
export async function inspectTools(
  servers: readonly McpServer[],
  clientVersion: string,
  remembered?: RememberedTools,
): Promise<InspectedServer[]> {
  const { fetch, close } = guardedFetch();
  const log = pino({ enabled: false });
  try {
    const options = { fetch, clientVersion, log, reached: () => undefined };
    const found = await Promise.all(servers.map((server) => look(server, options, remembered)));
    return withIds(found);
  } finally {
    await close();
  }
}

async function look(
  server: McpServer,
  options: ServerLinkOptions,
  remembered: RememberedTools | undefined,
): Promise<Found> {
  const access = mcpAccess(server);
  const link = new ServerLink(access, options);
  await link.discover();
  await link.close();
  const { state, protocol, tools = [] } = link;
  const base = { name: server.name, url: access.shownUrl, protocol };
  const kind = state.kind === "up" ? "up" : "down";
  try {
    return {
      server: { ...base, state: kind, problem: state.reason },
      judged: judged(server, tools, remembered),
    };
  } catch (error) {
    if (!(error instanceof InvalidToolPattern)) throw error;
    return { server: { ...base, state: kind, problem: error.message }, judged: [] };
  }
}

function judged(
  server: McpServer,
  tools: readonly ServerTool[],
  remembered: RememberedTools | undefined,
): Found["judged"] {
  const changeOf = remembered && changedTools(server, remembered);
  return judgeTools(server, tools).map((tool) => {
    const change = changeOf?.(tool.listed);
    if (change === undefined) return { ...tool, changed: undefined };
    return { ...tool, out: tool.out ?? (remembered?.mode === "block" ? change : undefined), changed: true };
  });
}

/** Ids depend on all tools of a policy together. */
function withIds(found: readonly Found[]): InspectedServer[] {
  const { byId } = toolSet(
    found.flatMap(({ judged }) => judged),
    () => undefined,
  );
  const ids = new Map([...byId.values()].map(({ definition, id }) => [definition, id]));
  const tool = ({ definition, out, changed }: Found["judged"][number]): InspectedTool => {
    const id = ids.get(definition);
    const noRoom = id === undefined ? "a request cannot hold more tools" : undefined;
    return { name: definition.name, id, out: out ?? noRoom, changed };
  };
  return found.map(({ server, judged }) => ({ ...server, tools: judged.map(tool) }));
}
