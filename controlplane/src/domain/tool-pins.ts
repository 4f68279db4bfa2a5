import type {
  ToolDefinition,
  ToolPin,
  ToolPinLimits,
  ToolPinPosition,
  ToolPinStore,
  ToolServer,
} from "../store/store.ts";
import type { Changes } from "./changes.ts";
import { Failure } from "./failure.ts";
import { type Cursor, type Page, type PageRequest, readPage } from "./page.ts";

/** Definitions of one call. */
const MAX_DEFINITIONS = 1000;
const MAX_NAME_CHARACTERS = 255;
const MAX_URL_CHARACTERS = 2048;
const DIGEST_BYTES = 32;
/** A longer definition is cut: people read it, the digest is what counts. */
const MAX_DEFINITION_BYTES = 64 * 1024;
const LIMITS: ToolPinLimits = { tools: 10_000, waitingOfTool: 20, waitingOfServer: 5000 };
/** Servers with too many tools that are told of. */
const MAX_FULL_SERVERS = 1000;
/** Text of one page. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** Which definitions are meant: empty members match everything. */
export interface ToolPinSelection {
  readonly serverName: string;
  readonly serverUrl: string;
  readonly tool: string;
  readonly sha256: Uint8Array;
}

/** The definitions of MCP tools that were seen, and which of them are approved. */
export class ToolPins {
  readonly #store: ToolPinStore;
  readonly #changes: Changes;
  readonly #onFull: (server: ToolServer) => void;
  readonly #full = new Set<string>();

  /** @param onFull is told once of a server with more tools than are remembered */
  constructor(store: ToolPinStore, changes: Changes, onFull: (server: ToolServer) => void) {
    this.#store = store;
    this.#changes = changes;
    this.#onFull = onFull;
  }

  /**
   * Remembers what is new; the first definition of a tool is approved by that.
   * @returns digests of the definitions that wait to be approved
   * @throws Failure "invalid_argument"
   */
  async pin(server: ToolServer, definitions: readonly ToolDefinition[]): Promise<Uint8Array[]> {
    checkLength("server_name", server.serverName, 1, MAX_NAME_CHARACTERS);
    checkLength("server_url", server.serverUrl, 0, MAX_URL_CHARACTERS);
    if (definitions.length > MAX_DEFINITIONS) {
      throw new Failure("invalid_argument", `tools must be at most ${MAX_DEFINITIONS}`);
    }
    const { waiting, full } = await this.#store.pin(server, definitions.map(checked), LIMITS);
    if (full) {
      this.#tellFull(server);
    }
    return waiting;
  }

  /** @throws Failure "invalid_argument" for a wrong page */
  list(page: PageRequest, serverName: string | undefined, waitingOnly: boolean): Promise<Page<ToolPin>> {
    return readPage(page, CURSOR, (after, limit) =>
      this.#store.list({ filter: { serverName }, waitingOnly, after, limit, maxBytes: MAX_PAGE_BYTES }),
    );
  }

  /**
   * Approves what waits and tells everyone who withholds it.
   * @returns what was approved, with empty definitions
   * @throws Failure "invalid_argument", or "not_found" if nothing like that is remembered
   */
  async approve({ serverName, serverUrl, tool, sha256 }: ToolPinSelection): Promise<ToolPin[]> {
    checkLength("server_name", serverName, 1, MAX_NAME_CHARACTERS);
    if (sha256.length > 0) {
      checkDigest(sha256);
    }
    const approved = await this.#store.approve({
      serverName,
      serverUrl: serverUrl || undefined,
      tool: tool || undefined,
      sha256: sha256.length > 0 ? sha256 : undefined,
    });
    if (approved === undefined) {
      throw new Failure("not_found", "no definition of a tool like that was seen");
    }
    if (approved.length > 0) {
      this.#changes.toolsApproved.publish();
    }
    return approved;
  }

  #tellFull(server: ToolServer): void {
    const key = JSON.stringify([server.serverName, server.serverUrl]);
    if (!this.#full.has(key) && this.#full.size < MAX_FULL_SERVERS) {
      this.#full.add(key);
      this.#onFull(server);
    }
  }
}

const CURSOR: Cursor<ToolPin, ToolPinPosition> = {
  list: "tool_pins",
  write: ({ serverName, serverUrl, tool, firstSeenAt, sha256 }) => [
    serverName,
    serverUrl,
    tool,
    String(firstSeenAt),
    Buffer.from(sha256).toString("hex"),
  ],
  read: ([serverName, serverUrl, tool, firstSeenAt = "", sha256 = ""]) =>
    serverName !== undefined &&
    serverUrl !== undefined &&
    tool !== undefined &&
    /^\d{1,18}$/.test(firstSeenAt) &&
    /^[\da-f]{64}$/.test(sha256)
      ? { serverName, serverUrl, tool, firstSeenAt: BigInt(firstSeenAt), sha256: Buffer.from(sha256, "hex") }
      : undefined,
};

function checked({ tool, sha256, definition }: ToolDefinition): ToolDefinition {
  checkLength("name", tool, 0, MAX_NAME_CHARACTERS);
  checkDigest(sha256);
  return { tool, sha256, definition: cut(definition) };
}

function checkLength(member: string, value: string, shortest: number, longest: number): void {
  if (value.length < shortest || [...value].length > longest) {
    throw new Failure("invalid_argument", `${member} must have ${shortest} to ${longest} characters`);
  }
}

function checkDigest(sha256: Uint8Array): void {
  if (sha256.length !== DIGEST_BYTES) {
    throw new Failure("invalid_argument", `sha256 must have ${DIGEST_BYTES} bytes`);
  }
}

/** Cuts a text between two code points. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_DEFINITION_BYTES) {
    return text;
  }
  let end = MAX_DEFINITION_BYTES;
  // 10xxxxxx goes on with a code point.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1;
  }
  return bytes.subarray(0, end).toString();
}
