import {
  type Client,
  SdkError,
  SdkErrorCode,
  type StandardSchemaV1,
  type Tool,
} from "@modelcontextprotocol/client";

/** A tool as its server describes it. Whether the schema can be used is another question. */
export type ServerTool = Pick<Tool, "name" | "description" | "inputSchema">;

/** What a server lists. */
export interface ListedTools {
  readonly tools: ServerTool[];
  /** Milliseconds for which the server says that the list is good; undefined if it does not say. */
  readonly ttlMs: number | undefined;
}

/** Longest time for the whole list, in milliseconds. */
const timeoutMs = 20_000;
/** Pages of one list at most: what has more never ends. */
const maxPages = 16;
/** Tools of one server at most, and bytes of their definitions; what is beyond is left out. */
const maxTools = 2_000;
const maxBytes = 4 * 1024 * 1024;

interface Page {
  readonly tools: readonly unknown[];
  readonly nextCursor: string | undefined;
  readonly ttlMs: number | undefined;
}

/**
 * All pages of a server's tools. Each tool is read for itself, because one that is wrong must not cost the others: those
 * without a name are left out.
 * @throws Error for a list that takes too long, has too many pages, or is none
 */
export async function listTools(client: Client): Promise<ListedTools> {
  if (client.getServerCapabilities()?.tools === undefined) return { tools: [], ttlMs: undefined };
  const signal = AbortSignal.timeout(timeoutMs);
  const tools: ServerTool[] = [];
  const times: number[] = [];
  let bytes = 0;
  for await (const page of pages(client, signal)) {
    if (page.ttlMs !== undefined) times.push(page.ttlMs);
    for (const { tool, bytes: more } of readTools(page)) {
      bytes += more;
      if (tools.length === maxTools || bytes > maxBytes) return { tools, ttlMs: shortest(times) };
      tools.push(tool);
    }
  }
  return { tools, ttlMs: shortest(times) };
}

function shortest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}

function* readTools({ tools }: Page) {
  for (const tool of tools) {
    const read = readTool(tool);
    if (read !== undefined) yield read;
  }
}

async function* pages(client: Client, signal: AbortSignal): AsyncGenerator<Page> {
  let cursor: string | undefined;
  for (let page = 1; page <= maxPages; page++) {
    const request = { method: "tools/list", params: cursor === undefined ? {} : { cursor } };
    const listed = await client.request(request, pageSchema, { signal, timeout: timeoutMs });
    yield listed;
    const { nextCursor } = listed;
    // A server that gives the same cursor again has no more.
    if (nextCursor === undefined || nextCursor === cursor) return;
    cursor = nextCursor;
  }
  throw new SdkError(SdkErrorCode.ListPaginationExceeded, `more than ${maxPages} pages`);
}

/** Only what is used is kept. Undefined for what is no tool, or nested so deep that it cannot be written again. */
function readTool(value: unknown): { readonly tool: ServerTool; readonly bytes: number } | undefined {
  const { name, description, inputSchema = {} } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || !isObject(inputSchema)) return undefined;
  const tool = { name, inputSchema, ...(typeof description === "string" && { description }) } as ServerTool;
  try {
    return { tool, bytes: Buffer.byteLength(JSON.stringify(tool)) };
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const pageSchema: StandardSchemaV1<unknown, Page> = {
  "~standard": {
    version: 1,
    vendor: "aibridge",
    validate: (value) => {
      const { tools, nextCursor, ttlMs } = (value ?? {}) as Record<string, unknown>;
      if (!Array.isArray(tools)) return { issues: [{ message: "no list of tools" }] };
      const cursor = typeof nextCursor === "string" ? nextCursor : undefined;
      // 0 is what servers send that have nothing to say of it.
      const says = typeof ttlMs === "number" && ttlMs > 0;
      return { value: { tools, nextCursor: cursor, ttlMs: says ? ttlMs : undefined } };
    },
  },
};
