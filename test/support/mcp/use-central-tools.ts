import {
  ActorService,
  GetInterceptionResponseSchema,
  type McpServerSchema,
  ToolPolicyService,
} from "@aibridge/proto";
import { text, toolCall } from "@aibridge/sdk/testing";
import { type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import { startHostServer } from "../host-services.ts";
import { interceptionId, type SendOptions, send } from "../requests.ts";
import { type GatewayUnderTest, useGateway } from "../use-gateway.ts";

/** What the test's ToolPolicyService says of an actor. */
export interface PolicyUnderTest {
  servers: MessageInitShape<typeof McpServerSchema>[];
  /** @default 60 */
  cacheForSeconds?: number;
}

/** An answer to a request whose model called central tools. */
export interface ToolRun {
  readonly interceptionId: string;
  /** What the model got, as the provider saw it: texts of the tool results. */
  readonly results: readonly string[];
  readonly isError: readonly boolean[];
}

/** A gateway whose actors and tool policies are the test's own: whoever has the token "<name>-token" is <name>. */
export interface CentralToolsUnderTest extends AsyncDisposable {
  readonly gateway: GatewayUnderTest;
  /** By actor; changes apply when the data plane asks the next time. */
  readonly policies: Map<string, PolicyUnderTest>;
  /** Actors for whom a policy was asked, oldest first. */
  readonly asked: readonly string[];
  /** Sends a request that is not streamed. */
  send(actor: string, options?: SendOptions): Promise<Response>;
  /** Sends a request; the ids of the tools the provider got. */
  tools(actor: string, options?: SendOptions): Promise<string[]>;
  /** Sends a request whose model calls these tools: pairs of an id and its arguments. */
  call(actor: string, ...calls: [id: string, input: Record<string, unknown>][]): Promise<ToolRun>;
  /** Everything that anybody can see of the gateway: logs, metrics, records, and what the provider got. */
  visible(): Promise<string>;
}

export interface UseCentralToolsOptions {
  /** The `mcp` part of the configuration. @default "{}" */
  readonly mcp?: string;
}

export async function useCentralTools({
  mcp = "{}",
}: UseCentralToolsOptions = {}): Promise<CentralToolsUnderTest> {
  const policies = new Map<string, PolicyUnderTest>();
  const asked: string[] = [];
  const host = await startHostServer("grpc", ({ service }) => {
    service(ActorService, {
      resolveActor: ({ credential }) => ({
        actor: { id: String(credential.value).replace(/-token$/, "") },
        cacheFor: { seconds: 60n },
      }),
    });
    service(ToolPolicyService, {
      getToolPolicy: ({ actorId }) => {
        asked.push(actorId);
        const { servers, cacheForSeconds = 60 } = policies.get(actorId) ?? { servers: [] };
        return { version: String(asked.length), servers, cacheFor: { seconds: BigInt(cacheForSeconds) } };
      },
    });
  });
  const gateway = await useGateway({
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
mcp: ${mcp}
`,
    dataPlaneFlags: ["--actors", host.url, "--tool-policy", host.url],
  });
  const ask = (actor: string, options: SendOptions = {}) =>
    send(gateway, "messages", false, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${actor}-token` },
    });
  return {
    gateway,
    policies,
    asked,
    send: ask,
    tools: async (actor, options) => {
      const response = await ask(actor, options);
      const body = await response.text();
      if (!response.ok) throw new Error(`status ${response.status}: ${body}`);
      const { tools = [] } = lastRequest(gateway);
      return tools.map(({ name }: { name: string }) => name);
    },
    call: async (actor, ...calls) => {
      const content = calls.map(([id, input], index) => toolCall(id, input, { id: `call_${index}` }));
      gateway.provider.next({ content, stop: "tool_use" }, { content: [text("done")] });
      const response = await ask(actor);
      const body = await response.text();
      if (!response.ok) throw new Error(`status ${response.status}: ${body}`);
      const results = lastRequest(gateway).messages.at(-1).content;
      return {
        interceptionId: interceptionId(response),
        results: results.map((result: { content: unknown }) => textOf(result.content)),
        isError: results.map((result: { is_error?: boolean }) => result.is_error === true),
      };
    },
    visible: async () => {
      const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      const records = (await gateway.interceptions()).map((one) =>
        toJsonString(GetInterceptionResponseSchema, one),
      );
      const sent = gateway.provider.requests.map(
        ({ headers, body }) => `${JSON.stringify(headers)} ${body.toString()}`,
      );
      return [gateway.dataPlane.output, gateway.controlPlane.output, metrics, ...records, ...sent].join("\n");
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a request of the Messages API
function lastRequest({ provider }: GatewayUnderTest): any {
  return JSON.parse(provider.requests.at(-1)?.body.toString() ?? "");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return (content as { text?: string; type: string }[])
    .map((part) => part.text ?? `[${part.type}]`)
    .join("\n");
}
