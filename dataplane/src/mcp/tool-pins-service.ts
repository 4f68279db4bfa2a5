import type { ToolPolicyService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { LruMap } from "../memory/lru-map.ts";
import { hexOf, type PinnedDefinition } from "./tool-pins-definition.ts";

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
      for (const sha256 of waitingSha256) waiting.add(hexOf(sha256));
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

/** A service that remembers no tools is asked again after this time: it may have learnt to. */
const askAgainMs = 300_000;

/**
 * Remembers for itself where the service answers UNIMPLEMENTED, as host platforms may: the first definition of a tool
 * stays the only approved one as long as the process runs.
 * @param unserved called the first time that the service does not remember
 */
export function pinByServiceOrHere(ask: PinTools, unserved: () => void): PinTools {
  const approved = new ApprovedHere();
  let told = false;
  let askAt = 0;
  return async (server, definitions) => {
    if (performance.now() < askAt) return approved.decide(server, definitions);
    try {
      const waiting = await ask(server, definitions);
      approved.add(server, definitions, waiting);
      return waiting;
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unimplemented) throw error;
      askAt = performance.now() + askAgainMs;
      if (!told) unserved();
      told = true;
      return approved.decide(server, definitions);
    }
  };
}

/** Tools of a server that are remembered here at most: what a server lists beyond waits, and pushes nothing out. */
const maxTools = 10_000;
/** Servers remembered here at most; the one that was not seen for the longest time goes first. */
const maxServers = 10_000;

/** What is approved as far as this process knows; what a service approved counts if it forgets how to later. */
class ApprovedHere {
  /** Digests by the name of a tool, by server. */
  readonly #servers = new LruMap<Map<string, Set<string>>>(maxServers);

  /** Remembers the first definition of each tool that is not known. @returns digests of all others: they wait */
  decide(server: PinnedServer, definitions: readonly PinnedDefinition[]): Set<string> {
    const tools = this.#toolsOf(server);
    const waiting = new Set<string>();
    for (const { name, sha256 } of definitions) {
      const digest = hexOf(sha256);
      const known = tools.get(name);
      if (known === undefined && tools.size < maxTools) tools.set(name, new Set([digest]));
      else if (known?.has(digest) !== true) waiting.add(digest);
    }
    return waiting;
  }

  /** Remembers those that a service lets through. */
  add(server: PinnedServer, definitions: readonly PinnedDefinition[], waiting: ReadonlySet<string>): void {
    const tools = this.#toolsOf(server);
    for (const { name, sha256 } of definitions) {
      const digest = hexOf(sha256);
      if (waiting.has(digest)) continue;
      const known = tools.get(name);
      if (known !== undefined) known.add(digest);
      else if (tools.size < maxTools) tools.set(name, new Set([digest]));
    }
  }

  #toolsOf({ name, url }: PinnedServer): Map<string, Set<string>> {
    const key = JSON.stringify([name, url]);
    const tools = this.#servers.get(key) ?? new Map<string, Set<string>>();
    this.#servers.set(key, tools);
    return tools;
  }
}
