import type { McpServer } from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import { LruMap } from "../memory/lru-map.ts";
import type { Logger } from "../telemetry/log.ts";
import { mcpAccess } from "./mcp-access.ts";
import type { ServerTool } from "./tool-list.ts";
import { hexOf, type PinnedDefinition, pinnedDefinition } from "./tool-pins-definition.ts";
import type { PinnedServer, PinTools } from "./tool-pins-service.ts";

/** What happens to a tool whose definition changed: nothing, it is reported, or it is withheld until approved. */
export type Pinning = "off" | "warn" | "block";

export interface ToolPinsOptions {
  readonly pin: PinTools;
  /** Read at each use. */
  readonly mode: () => Pinning;
  readonly log: Logger;
  /** So many definitions of a server were found to differ from what is approved. */
  readonly changed: (server: string, definitions: number) => void;
  /** Definitions whose verdict is remembered at most. @default 100000 */
  readonly maxVerdicts?: number;
}

/** Whether a definition is approved is asked once; whether it still waits, again after this time. */
const waitingAgeMs = 60_000;
/** When the service cannot be asked, it is asked again after this time, and then twice as long each time. */
const minRetryMs = 1_000;
const maxRetryMs = 60_000;
/** Names of tools in one line of the log. */
const maxNames = 20;

/** A tool of a list with what is remembered of it. */
interface Pinned {
  readonly tool: ServerTool;
  /** Undefined for one that is nested too deep to be compared: it is never approved. */
  readonly definition: PinnedDefinition | undefined;
  /** Server and digest: the same definition in another actor's list has the same. */
  readonly key: string;
  /** Kept here too, because definitions of other servers may push the verdict out. */
  isApproved: boolean;
}

/** One list of a server's tools. */
interface PinnedList {
  /** What is not approved; another array whenever it changes. */
  open: readonly Pinned[];
  asking: Promise<void> | undefined;
  /** The last try, if it failed; it counts no more once the service is heard again. */
  failure: { readonly epoch: number; readonly retryAt: number; readonly retryMs: number } | undefined;
  /** What `open` leaves of the list. */
  admitted: { readonly tools: readonly ServerTool[]; readonly open: readonly Pinned[] } | undefined;
}

/** A verdict that may change. */
interface Waiting {
  readonly askedAt: number;
  readonly epoch: number;
}

/**
 * Which definitions of tools may go into requests. Every definition is shown once to the service that remembers them;
 * its verdict is kept by digest, so that the same definition in other requests and for other actors costs no call.
 */
export class ToolPins {
  readonly #options: ToolPinsOptions;
  readonly #lists = new WeakMap<readonly ServerTool[], PinnedList>();
  readonly #tools = new WeakMap<ServerTool, Pinned>();
  /** By key of a definition. */
  readonly #verdicts: LruMap<"approved" | Waiting>;
  /** What is being asked for, by key of a definition. */
  readonly #asked = new Map<string, Promise<void>>();
  #epoch = 0;
  #failing = false;

  constructor(options: ToolPinsOptions) {
    this.#options = options;
    this.#verdicts = new LruMap(options.maxVerdicts ?? 100_000);
  }

  get mode(): Pinning {
    return this.#options.mode();
  }

  /** The service is heard: what waits may be approved by now, and is asked for again before its next use. */
  markStale(): void {
    this.#epoch++;
  }

  /**
   * Has a server's tools judged, as far as that is due. A promise only where a request may want to wait for it: with
   * `block`, and not after the service could not be asked. It never rejects.
   */
  settle(server: McpServer, tools: readonly ServerTool[]): Promise<void> | undefined {
    const { mode } = this;
    if (mode === "off") return undefined;
    const list = this.#listOf(server, tools);
    this.#dropApproved(list);
    if (list.asking === undefined && performance.now() >= (this.#failureOf(list)?.retryAt ?? 0)) {
      const due = list.open.filter((pinned) => this.#isDue(pinned));
      if (due.length > 0) list.asking = this.#judge(list, pinnedServer(server), due);
    }
    return mode === "block" && this.#failureOf(list) === undefined ? list.asking : undefined;
  }

  /** False as long as tools are withheld only because nobody has judged them yet. */
  isSettled(server: McpServer, tools: readonly ServerTool[]): boolean {
    if (this.mode !== "block") return true;
    const { open } = this.#listOf(server, tools);
    return open.every(
      ({ definition, key }) => definition === undefined || this.#verdicts.get(key) !== undefined,
    );
  }

  /** The tools that may go into requests; the same array as long as nothing changes, the list's own if that is all. */
  admitted(server: McpServer, tools: readonly ServerTool[]): readonly ServerTool[] {
    if (this.mode !== "block") return tools;
    const list = this.#listOf(server, tools);
    this.#dropApproved(list);
    const { open } = list;
    if (open.length === 0) return tools;
    if (list.admitted?.open !== open) {
      const withheld = new Set(open.map(({ tool }) => tool));
      list.admitted = { tools: tools.filter((tool) => !withheld.has(tool)), open };
    }
    return list.admitted.tools;
  }

  /**
   * Why a tool that went into a conversation must not be called now, in words for the model; undefined if it may.
   * @param listed what the server lists now
   */
  problem(server: McpServer, tool: ServerTool, listed: readonly ServerTool[] = []): string | undefined {
    if (this.mode !== "block") return undefined;
    const now = listed.filter(({ name }) => name === tool.name);
    const isOut = (one: ServerTool) => !this.#isApproved(this.#pinnedOf(server, one));
    const withheld = [...(isOut(tool) ? [tool] : []), ...(now.every(isOut) ? now : [])];
    if (withheld.length === 0) return undefined;
    const isWaiting = withheld.some(
      (one) => this.#verdicts.get(this.#pinnedOf(server, one).key) !== undefined,
    );
    return isWaiting
      ? "its definition changed and waits to be approved"
      : "its definition could not be checked";
  }

  #listOf(server: McpServer, tools: readonly ServerTool[]): PinnedList {
    let list = this.#lists.get(tools);
    if (list === undefined) {
      const open = tools.map((tool) => this.#pinnedOf(server, tool));
      list = { open, asking: undefined, failure: undefined, admitted: undefined };
      this.#lists.set(tools, list);
    }
    return list;
  }

  #pinnedOf(server: McpServer, tool: ServerTool): Pinned {
    let pinned = this.#tools.get(tool);
    if (pinned === undefined) {
      const definition = pinnedDefinition(tool);
      const digest = definition && hexOf(definition.sha256);
      const { name, url } = pinnedServer(server);
      const key = `${digest} ${JSON.stringify([name, url])}`;
      pinned = { tool, definition, key, isApproved: false };
      this.#tools.set(tool, pinned);
    }
    return pinned;
  }

  #failureOf({ failure }: PinnedList): PinnedList["failure"] {
    return failure?.epoch === this.#epoch ? failure : undefined;
  }

  /** What is approved stays approved. */
  #isApproved(pinned: Pinned): boolean {
    pinned.isApproved ||= this.#verdicts.get(pinned.key) === "approved";
    return pinned.isApproved;
  }

  /** Another list may have had the same definitions judged. */
  #dropApproved(list: PinnedList): void {
    if (list.open.some((pinned) => this.#isApproved(pinned)))
      list.open = list.open.filter((pinned) => !this.#isApproved(pinned));
  }

  #isDue({ definition, key }: Pinned): boolean {
    if (definition === undefined) return false;
    const verdict = this.#verdicts.get(key);
    if (verdict === undefined) return true;
    if (verdict === "approved") return false;
    return verdict.epoch !== this.#epoch || performance.now() - verdict.askedAt > waitingAgeMs;
  }

  async #judge(list: PinnedList, server: PinnedServer, due: readonly Pinned[]): Promise<void> {
    try {
      await this.#ask(server, due);
      list.failure = undefined;
      this.#dropApproved(list);
    } catch (error) {
      const retryMs = Math.min(2 * (this.#failureOf(list)?.retryMs ?? minRetryMs / 2), maxRetryMs);
      list.failure = { epoch: this.#epoch, retryAt: performance.now() + retryMs, retryMs };
      this.#failed(error);
    } finally {
      list.asking = undefined;
    }
  }

  /** Asks for what nobody else is asking for, and waits for all of it. */
  async #ask(server: PinnedServer, due: readonly Pinned[]): Promise<void> {
    const mine = due.filter(({ key }) => !this.#asked.has(key));
    if (mine.length > 0) {
      const answer = this.#askService(server, mine).finally(() => {
        for (const { key } of mine) this.#asked.delete(key);
      });
      for (const { key } of mine) this.#asked.set(key, answer);
    }
    await Promise.all(new Set(due.map(({ key }) => this.#asked.get(key))));
  }

  async #askService(server: PinnedServer, asked: readonly Pinned[]): Promise<void> {
    const waiting: Waiting = { askedAt: performance.now(), epoch: this.#epoch };
    const definitions = asked.flatMap(({ definition }) => definition ?? []);
    const digests = await this.#options.pin(server, definitions);
    this.#recovered();
    const changed: string[] = [];
    for (const { key, definition } of asked) {
      if (definition === undefined) continue;
      const waits = digests.has(hexOf(definition.sha256));
      if (waits && this.#verdicts.get(key) === undefined) changed.push(definition.name);
      this.#verdicts.set(key, waits ? waiting : "approved");
    }
    if (changed.length > 0) this.#tell(server, changed);
  }

  #tell({ name, url }: PinnedServer, changed: readonly string[]): void {
    const { log, changed: count } = this.#options;
    const details = { server: name, url, tools: changed.slice(0, maxNames), count: changed.length };
    const withheld = this.mode === "block" ? ": they are withheld until approved" : "";
    log.warn(details, `definitions of MCP tools differ from what is approved${withheld}`);
    count(name, changed.length);
  }

  #failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#options.log.warn(
      { reason: Code[ConnectError.from(error).code] },
      "definitions of MCP tools cannot be checked: the service that remembers them is away",
    );
  }

  #recovered(): void {
    if (this.#failing) this.#options.log.info("definitions of MCP tools can be checked again");
    this.#failing = false;
  }
}

function pinnedServer(server: McpServer): PinnedServer {
  const { name, shownUrl } = mcpAccess(server);
  return { name, url: shownUrl };
}
