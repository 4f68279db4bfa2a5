/** The headers of a request, names in lower case, as node:http gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How one client is recognised, and where it says which session a request belongs to. */
interface ClientRow {
  /** The name in the records. */
  readonly client: string;
  /** Beginnings of the User-Agent, in lower case. */
  readonly agents: readonly string[];
  /** Value of the header `originator` that also stands for this client. */
  readonly originator?: string;
  /** Header whose presence stands for this client. */
  readonly header?: string;
  /** Headers with the session id; the first usable one counts. */
  readonly sessionHeaders: readonly string[];
}

/** In the order in which they are tried. */
const clients: readonly ClientRow[] = [
  { client: "Claude Code", agents: ["claude"], sessionHeaders: ["x-claude-code-session-id"] },
  { client: "Codex", agents: ["codex"], sessionHeaders: ["session-id", "session_id"] },
  {
    client: "GitHub Copilot (VS Code)",
    agents: ["githubcopilotchat/"],
    sessionHeaders: ["x-interaction-id"],
  },
  { client: "GitHub Copilot (CLI)", agents: ["copilot/"], sessionHeaders: ["x-client-session-id"] },
  { client: "Zed", agents: ["zed/"], sessionHeaders: [] },
  {
    client: "Kilo Code",
    agents: ["kilo-code/"],
    originator: "kilo-code",
    sessionHeaders: ["x-kilocode-taskid"],
  },
  { client: "Roo Code", agents: ["roo-code/"], originator: "roo-code", sessionHeaders: [] },
  { client: "Coder Agents", agents: ["coder-agents/"], sessionHeaders: ["x-coder-chat-id"] },
  { client: "Mux", agents: ["mux/", "xum/"], sessionHeaders: ["x-mux-workspace-id"] },
  { client: "Charm Crush", agents: ["charm crush/", "charm-crush/"], sessionHeaders: [] },
  { client: "Cursor", agents: [], header: "x-cursor-client-version", sessionHeaders: [] },
  {
    client: "OpenCode",
    agents: ["opencode/"],
    sessionHeaders: ["x-opencode-session", "x-session-id", "x-session-affinity"],
  },
  { client: "Qwen Code", agents: ["qwencode/"], sessionHeaders: [] },
  { client: "Junie", agents: ["junie:"], sessionHeaders: [] },
  { client: "Gemini CLI", agents: ["geminicli/"], sessionHeaders: [] },
];

const byName: ReadonlyMap<string, ClientRow> = new Map(clients.map((row) => [row.client, row]));

/** The client for everything that no row fits. */
export const unknownClient = "Unknown";

/** Which program sent a request, by its headers: a name of the table above, or "Unknown". */
export function recogniseClient(headers: RequestHeaders): string {
  const agent = header(headers, "user-agent")?.toLowerCase() ?? "";
  const originator = header(headers, "originator")?.toLowerCase();
  const row = clients.find(
    (candidate) =>
      candidate.agents.some((prefix) => agent.startsWith(prefix)) ||
      (candidate.originator !== undefined && candidate.originator === originator) ||
      (candidate.header !== undefined && headers[candidate.header] !== undefined),
  );
  return row?.client ?? unknownClient;
}

/**
 * The client's own id of the session that a request belongs to; undefined if it gives none. Claude Code may give it in the
 * body instead, in `metadata.user_id`.
 */
export function clientSession(
  client: string,
  headers: RequestHeaders,
  metadataUserId: string | undefined,
): string | undefined {
  for (const name of byName.get(client)?.sessionHeaders ?? []) {
    const id = usable(header(headers, name));
    if (id !== undefined) return id;
  }
  if (client !== "Claude Code" || metadataUserId === undefined) return undefined;
  return usable(sessionInUserId(metadataUserId));
}

/** `metadata.user_id` is JSON in a string with a `session_id`, in older versions a text that ends in `_session_<id>`. */
function sessionInUserId(userId: string): string | undefined {
  const marker = "_session_";
  try {
    const parsed: unknown = JSON.parse(userId);
    const id =
      typeof parsed === "object" && parsed !== null && "session_id" in parsed ? parsed.session_id : undefined;
    return typeof id === "string" ? id : undefined;
  } catch {
    const at = userId.lastIndexOf(marker);
    return at === -1 ? undefined : userId.slice(at + marker.length);
  }
}

/** A session id longer than 256 characters or with control characters is none. */
function usable(id: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return id === undefined || id === "" || id.length > 256 || /[\u0000-\u001f\u007f-\u009f]/.test(id)
    ? undefined
    : id;
}

function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}
