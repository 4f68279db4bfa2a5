import { ApproveToolsResponseSchema, ListToolPinsResponseSchema } from "@aibridge/proto";
import { UsageError } from "@aibridge/proto/settings";
import { create } from "@bufbuild/protobuf";
import { type AdminRun, adminCommand, printMessage } from "./admin-command.ts";
import { formatPin, formatWaiting } from "./format-tool-pins.ts";
import { safeLine } from "./safe-text.ts";
import { listToolPins } from "./tool-pins.ts";

const FLAGS = {
  sha256: {
    kind: "text",
    placeholder: "HEX",
    description:
      "Only the definition with this digest, as the list or --json shows it. Default: all that wait.",
  },
  "server-url": {
    kind: "text",
    placeholder: "URL",
    description: "Only at this URL, where servers of one name have several. Default: at all.",
  },
} as const;

type Run = AdminRun<typeof FLAGS>;

/** `aibridge mcp approve`: lists definitions of MCP tools that wait, and lets them through. */
export const mcpApprove = adminCommand(
  {
    name: "mcp approve",
    summary: "Approve MCP tools whose definitions changed; without SERVER, list what waits and what changed.",
    positionals: [
      {
        name: "SERVER",
        required: false,
        description: "Name of the MCP server. Without it nothing is approved: what waits is listed.",
      },
      { name: "TOOL", required: false, description: "Name of the tool. Default: every tool that waits." },
    ],
    flags: FLAGS,
  },
  async (run) => {
    const [serverName, tool] = run.positionals;
    const serverUrl = run.values["server-url"];
    refuseEmpty({ SERVER: serverName, TOOL: tool, "--server-url": serverUrl });
    if (serverName === undefined) {
      await list(run);
    } else {
      await approve(run, { serverName, tool, serverUrl });
    }
  },
);

/** An empty choice would be one of everything: scripts make such of a variable that is not set. */
function refuseEmpty(choices: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(choices)) {
    if (value === "") {
      throw new UsageError(`${name} is empty`);
    }
  }
}

async function list({ values, admin, context }: Run): Promise<void> {
  if (values.sha256 !== undefined || values["server-url"] !== undefined) {
    throw new UsageError("SERVER is missing: aibridge mcp approve SERVER [TOOL]");
  }
  const waiting = await listToolPins(admin, { waitingOnly: true });
  if (values.json) {
    const message = create(ListToolPinsResponseSchema, { toolPins: [...waiting] });
    printMessage(context, ListToolPinsResponseSchema, message);
    return;
  }
  const servers = new Set(waiting.map(({ serverName }) => serverName));
  const pins = await Promise.all([...servers].map((serverName) => listToolPins(admin, { serverName })));
  context.stdout.write(formatWaiting(pins.flat()) || "Nothing waits to be approved.\n");
}

/** Which tools are meant; what is absent is no restriction. */
interface Choice {
  readonly serverName: string;
  readonly tool: string | undefined;
  readonly serverUrl: string | undefined;
}

async function approve(
  { values, admin, context }: Run,
  { serverName, tool = "", serverUrl = "" }: Choice,
): Promise<void> {
  const sha256 = digest(values.sha256);
  const response = await admin.approveTools({ serverName, tool, serverUrl, sha256 });
  if (values.json) {
    printMessage(context, ApproveToolsResponseSchema, response);
    return;
  }
  const { approved } = response;
  context.stdout.write(
    approved.length === 0
      ? `Nothing of ${safeLine([serverName, tool].join(" ").trim())} waits to be approved.\n`
      : approved.map((pin) => `Approved ${formatPin(pin)}.\n`).join(""),
  );
}

/** @param text in hexadecimal, or as JSON has it, in base64 */
function digest(text: string | undefined): Uint8Array<ArrayBuffer> {
  if (text === undefined) {
    return new Uint8Array();
  }
  if (/^[\da-f]{64}$/i.test(text)) {
    return new Uint8Array(Buffer.from(text, "hex"));
  }
  if (/^[A-Za-z\d+/]{43}=$/.test(text)) {
    return new Uint8Array(Buffer.from(text, "base64"));
  }
  throw new UsageError("--sha256: expected the 64 hexadecimal digits that aibridge mcp approve lists");
}
