import { readFileSync } from "node:fs";
import type { McpServer } from "@aibridge/proto";
import {
  API_VERSION,
  MIN_KEY_LENGTH,
  plaintextProblem,
  readClientCertificates,
} from "@aibridge/proto/channel";
import { type Flag, readCommandLine, UsageError, type Values } from "@aibridge/proto/settings";
import { Code, ConnectError } from "@connectrpc/connect";
import { createToolPolicyClient, type GatewayClientOptions } from "../clients/index.ts";
import { printJson } from "./admin-command.ts";
import { ADMIN_FLAGS } from "./admin-connection.ts";
import type { CliCommand, CliContext } from "./context.ts";
import { describeRpcError } from "./describe-rpc-error.ts";
import { formatMcpServers, type ListedServer } from "./format-mcp-servers.ts";
import { importPlane } from "./import-plane.ts";
import { pinningMode, type RememberedTools, rememberedTools } from "./mcp-remembered.ts";

/** Where a control plane with default settings, started in this folder, leaves its generated gateway key. */
const DEFAULT_KEY_FILE = "./data/gateway.key";

/** The same of its admin key. */
const DEFAULT_ADMIN_KEY_FILE = "./data/admin.key";

const CALL_TIMEOUT_MS = 10_000;

const FLAGS = {
  actor: {
    kind: "text",
    placeholder: "NAME",
    required: true,
    description: "Whose servers and tools: the actor's id.",
  },
  provider: {
    kind: "text",
    default: "",
    placeholder: "NAME",
    description: "For requests to this provider, where the policy depends on it.",
  },
  controlplane: ADMIN_FLAGS.controlplane,
  "tool-policy": {
    kind: "text",
    placeholder: "URL",
    description: "ToolPolicyService of a host platform, instead of the control plane.",
  },
  "gateway-key": {
    kind: "text",
    placeholder: "KEY",
    secret: true,
    description: `Opens the service. If none is given, the file ${DEFAULT_KEY_FILE} is used where it exists.`,
  },
  "admin-key": {
    kind: "text",
    placeholder: "KEY",
    secret: true,
    description: `Shows which tools wait to be approved, where mcp.pinning is warn or block. If none is given, the file ${DEFAULT_ADMIN_KEY_FILE} is used where it exists.`,
  },
  "rpc-ca": ADMIN_FLAGS["rpc-ca"],
  "rpc-cert": ADMIN_FLAGS["rpc-cert"],
  "rpc-key": ADMIN_FLAGS["rpc-key"],
  "insecure-plaintext": {
    kind: "boolean",
    description: "Send the gateway key unencrypted to a service on another machine.",
  },
  json: ADMIN_FLAGS.json,
} as const satisfies Record<string, Flag>;

type FlagValues = Values<typeof FLAGS>;

/** What the data plane tells of the servers of a policy. */
interface InspectModule {
  inspectTools(
    servers: readonly McpServer[],
    clientVersion: string,
    remembered: RememberedTools | undefined,
  ): Promise<ListedServer[]>;
}

/** `aibridge mcp list`: connects to an actor's MCP servers itself, from where it runs. */
export const mcpList: CliCommand = {
  name: "mcp list",
  summary: "List an actor's MCP servers and their tools, each with the reason why it is in or out.",
  async run(argv, context) {
    const line = readCommandLine({ ...mcpList, flags: FLAGS }, argv, context.env);
    if (line.help) {
      context.stdout.write(line.text);
      return 0;
    }
    const url = serviceUrl(line.values);
    const connection = policyConnection(url, line.values);
    const plane = await importPlane<InspectModule>(
      "dataplane",
      "@aibridge/dataplane/inspect-tools",
      context.stderr,
    );
    if (plane === undefined) {
      return 1;
    }
    try {
      const { actor, provider, json } = line.values;
      const policies = createToolPolicyClient(connection);
      const { version, servers } = await policies.getToolPolicy({ actorId: actor, providerName: provider });
      const remembered = await remember(connection, line.values, servers, context);
      const listed = await plane.inspectTools(servers, API_VERSION, remembered);
      if (json) {
        printJson(context, { actor, provider, version, servers: listed });
      } else {
        context.stdout.write(listed.length === 0 ? "No MCP servers.\n" : formatMcpServers(listed));
      }
      return 0;
    } catch (error) {
      context.stderr.write(`aibridge: ${describeError(error, url)}\n`);
      return 1;
    }
  },
};

function serviceUrl(values: FlagValues): string {
  const flag = values["tool-policy"] === undefined ? "--controlplane" : "--tool-policy";
  const url = (values["tool-policy"] ?? values.controlplane).replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`${flag}: expected an http or https URL such as http://127.0.0.1:9090`);
  }
  const problem = values["insecure-plaintext"] ? undefined : plaintextProblem(url);
  if (problem !== undefined) {
    throw new UsageError(`${flag}: ${problem}`);
  }
  return url;
}

function policyConnection(url: string, values: FlagValues): GatewayClientOptions {
  const paths = { ca: values["rpc-ca"], cert: values["rpc-cert"], key: values["rpc-key"] };
  return {
    url,
    gatewayKey: gatewayKey(values["gateway-key"]),
    insecurePlaintext: values["insecure-plaintext"],
    certificates: readClientCertificates(paths, url),
    timeoutMs: CALL_TIMEOUT_MS,
  };
}

/**
 * What tools are compared with; undefined where nothing is pinned, or it cannot be known. Asking PinTools would approve
 * tools by looking at them, so this needs the admin key.
 */
async function remember(
  { gatewayKey, ...connection }: GatewayClientOptions,
  values: FlagValues,
  servers: readonly McpServer[],
  { stderr }: CliContext,
): Promise<RememberedTools | undefined> {
  // A host platform has no AdminService, and its configuration may come from somewhere else.
  if (values["tool-policy"] !== undefined || servers.length === 0) {
    return undefined;
  }
  try {
    const mode = await pinningMode({ ...connection, gatewayKey });
    if (mode === "off") {
      return undefined;
    }
    const adminKey = values["admin-key"] ?? keyIn(DEFAULT_ADMIN_KEY_FILE);
    if (adminKey !== undefined) {
      return await rememberedTools({ ...connection, adminKey }, mode, servers);
    }
    stderr.write(
      `aibridge: mcp.pinning is ${mode}: which tools wait to be approved is shown with --admin-key or AIBRIDGE_ADMIN_KEY\n`,
    );
  } catch (error) {
    const reason = describeRpcError(error, connection.url);
    stderr.write(`aibridge: which tools wait to be approved is not known: ${reason}\n`);
  }
  return undefined;
}

function gatewayKey(given: string | undefined): string {
  const key = given ?? keyIn(DEFAULT_KEY_FILE);
  if (key === undefined) {
    throw new UsageError(
      `no gateway key: give --gateway-key, AIBRIDGE_GATEWAY_KEY or AIBRIDGE_GATEWAY_KEY_FILE, or run this where ${DEFAULT_KEY_FILE} can be read`,
    );
  }
  if (key.length < MIN_KEY_LENGTH || /[^\x21-\x7e]/.test(key)) {
    throw new UsageError(
      `the gateway key: a key has at least ${MIN_KEY_LENGTH} characters, none of them a blank; was it copied whole?`,
    );
  }
  return key;
}

function keyIn(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function describeError(error: unknown, url: string): string {
  const code = error instanceof ConnectError ? error.code : undefined;
  if (code === Code.Unauthenticated) {
    return `the service at ${url} does not know this gateway key: give the right one by --gateway-key, AIBRIDGE_GATEWAY_KEY or AIBRIDGE_GATEWAY_KEY_FILE`;
  }
  if (code === Code.Unimplemented) {
    return `what answers at ${url} serves no tool policies: check --controlplane URL or --tool-policy URL`;
  }
  return describeRpcError(error, url);
}
