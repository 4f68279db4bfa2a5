import { hash } from "node:crypto";
import { type McpServer, McpTransport } from "@aibridge/proto";

/** How one actor reaches one MCP server. `headers` are secret. */
export interface McpAccess {
  readonly name: string;
  /** May hold a credential, as in `?token=`. */
  readonly url: string;
  /** The URL as it may stand in logs and records. */
  readonly shownUrl: string;
  readonly transport: "auto" | "streamable-http" | "sse";
  /** All headers of the policy, the access token among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Stands for where the server is and what is shown to it: a connection made with another key cannot be used. */
  readonly key: string;
}

const transports: Record<McpTransport, McpAccess["transport"]> = {
  [McpTransport.UNSPECIFIED]: "auto",
  [McpTransport.STREAMABLE_HTTP]: "streamable-http",
  [McpTransport.SSE]: "sse",
};

const known = new WeakMap<McpServer, McpAccess>();

/** Reads a server of a tool policy, once: a policy serves many requests. */
export function mcpAccess(server: McpServer): McpAccess {
  let access = known.get(server);
  if (access === undefined) {
    access = readAccess(server);
    known.set(server, access);
  }
  return access;
}

function readAccess({ name, url, transport, headers, accessToken }: McpServer): McpAccess {
  const all = accessToken === undefined ? headers : { ...headers, authorization: `Bearer ${accessToken}` };
  const identity = JSON.stringify([url, transport, Object.entries(all).sort()]);
  return {
    name,
    url,
    shownUrl: shownUrl(url),
    transport: transports[transport] ?? "auto",
    headers: all,
    key: hash("sha256", identity, "base64"),
  };
}

/** The URL of an MCP server without what may be a credential: user, password, query and fragment. */
export function shownUrl(url: string): string {
  if (!/[?#@]/.test(url)) return url;
  if (!URL.canParse(url)) return "";
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
