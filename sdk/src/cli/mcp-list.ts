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
import { createToolPolicyClient } from "../clients/index.ts";
import { printJson } from "./admin-command.ts";
import { ADMIN_FLAGS } from "./admin-connection.ts";
import type { CliCommand } from "./context.ts";
import { describeRpcError } from "./describe-rpc-error.ts";
import { formatMcpServers, type ListedServer } from "./format-mcp-servers.ts";
import { importPlane } from "./import-plane.ts";

/** Where a control plane with default settings, started in this folder, leaves its generated gateway key. */
const DEFAULT_KEY_FILE = "./data/gateway.key";

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
  inspectTools(servers: readonly McpServer[], clientVersion: string): Promise<ListedServer[]>;
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
    const client = policyClient(url, line.values);
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
      const { version, servers } = await client.getToolPolicy({ actorId: actor, providerName: provider });
      const listed = await plane.inspectTools(servers, API_VERSION);
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

function policyClient(url: string, values: FlagValues) {
  const paths = { ca: values["rpc-ca"], cert: values["rpc-cert"], key: values["rpc-key"] };
  return createToolPolicyClient({
    url,
    gatewayKey: gatewayKey(values["gateway-key"]),
    insecurePlaintext: values["insecure-plaintext"],
    certificates: readClientCertificates(paths, url),
    timeoutMs: CALL_TIMEOUT_MS,
  });
}

function gatewayKey(given: string | undefined): string {
  const key = given ?? keyFromFile();
  if (key.length < MIN_KEY_LENGTH || /[^\x21-\x7e]/.test(key)) {
    throw new UsageError(
      `the gateway key: a key has at least ${MIN_KEY_LENGTH} characters, none of them a blank; was it copied whole?`,
    );
  }
  return key;
}

function keyFromFile(): string {
  try {
    return readFileSync(DEFAULT_KEY_FILE, "utf8").trim();
  } catch {
    throw new UsageError(
      `no gateway key: give --gateway-key, AIBRIDGE_GATEWAY_KEY or AIBRIDGE_GATEWAY_KEY_FILE, or run this where ${DEFAULT_KEY_FILE} can be read`,
    );
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
