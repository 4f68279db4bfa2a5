import type { ToolPolicyService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { LruMap } from "../memory/lru-map.ts";
import type { PinnedDefinition } from "./tool-pins-definition.ts";

/** A server as its tools are remembered: by its name, and its URL without credentials. */
export interface PinnedServer {
  readonly name: string;
  readonly url: string;
}

/** Remembers definitions, and tells which of them wait to be approved: their digests in hexadecimal. */
export type PinTools = (
  server: PinnedServer,
  definitions: readonly PinnedDefinition[],
) => Promise<ReadonlySet<string>>;

/** Longest wait for one answer of the service. */
const timeoutMs = 5_000;
/** What one call holds at most: servers of gRPC take 4 MiB as a rule. */
const maxDefinitions = 250;
const maxBytes = 1024 * 1024;

/** Asks a ToolPolicyService over its client, in several calls where there is much. Rejects with a ConnectError. */
export function pinByService(client: Client<typeof ToolPolicyService>): PinTools {
  return async ({ name, url }, definitions) => {
    const waiting = new Set<string>();
    for (const tools of inCalls(definitions)) {
      const request = { serverName: name, serverUrl: url, tools };
      const { waitingSha256 } = await client.pinTools(request, { timeoutMs });
      for (const sha256 of waitingSha256) waiting.add(Buffer.from(sha256).toString("hex"));
    }
    return waiting;
  };
}

function inCalls(definitions: readonly PinnedDefinition[]): PinnedDefinition[][] {
  const calls: PinnedDefinition[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of definitions) {
    const size = Buffer.byteLength(one.definition) + Buffer.byteLength(one.name);
    bytes += size;
    if (bytes > maxBytes || calls.at(-1)?.length === maxDefinitions) {
      calls.push([]);
      bytes = size;
    }
    calls.at(-1)?.push(one);
  }
  return calls;
}

/** Tools remembered at most where the service does not; the least recently seen one goes first. */
const maxTools = 100_000;
/** A service that remembers no tools is asked again after this time: it may have learnt to. */
const askAgainMs = 300_000;

/**
 * Remembers for itself where the service answers UNIMPLEMENTED, as host platforms may: the first definition of a tool
 * stays the only approved one as long as the process runs.
 * @param unserved called the first time that the service does not remember
 */
export function pinByServiceOrHere(ask: PinTools, unserved: () => void): PinTools {
  /** Digests of what is approved, by tool; what the service approved counts if it forgets how to later. */
  const approved = new LruMap<Set<string>>(maxTools);
  let told = false;
  let askAt = 0;
  const askService: PinTools = async (server, definitions) => {
    if (performance.now() < askAt) return decideHere(approved, server, definitions);
    try {
      return await ask(server, definitions);
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unimplemented) throw error;
      askAt = performance.now() + askAgainMs;
      if (!told) unserved();
      told = true;
      return decideHere(approved, server, definitions);
    }
  };
  return async (server, definitions) => {
    const waiting = await askService(server, definitions);
    for (const { name, sha256 } of definitions) {
      const digest = Buffer.from(sha256).toString("hex");
      if (waiting.has(digest)) continue;
      const key = toolKey(server, name);
      approved.set(key, (approved.get(key) ?? new Set()).add(digest));
    }
    return waiting;
  };
}

function decideHere(
  approved: Pick<LruMap<ReadonlySet<string>>, "get">,
  server: PinnedServer,
  definitions: readonly PinnedDefinition[],
): Set<string> {
  const firsts = new Map<string, string>();
  const waiting = new Set<string>();
  for (const { name, sha256 } of definitions) {
    const digest = Buffer.from(sha256).toString("hex");
    const key = toolKey(server, name);
    const known = approved.get(key);
    if (known === undefined && !firsts.has(key)) firsts.set(key, digest);
    if (known?.has(digest) !== true && firsts.get(key) !== digest) waiting.add(digest);
  }
  return waiting;
}

function toolKey({ name, url }: PinnedServer, tool: string): string {
  return JSON.stringify([name, url, tool]);
}
