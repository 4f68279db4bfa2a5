import { type DataPlaneUnderTest, gatewayKey, useDataPlane } from "./use-data-plane.ts";
import { type DatabaseKind, type GatewayUnderTest, useGateway } from "./use-gateway.ts";

/** Two data planes of one control plane, in front of a provider that refuses what the real ones refuse. */
export interface ReplicasUnderTest extends AsyncDisposable {
  readonly gateway: GatewayUnderTest;
  /** Where clients connect to each of them. */
  readonly urls: readonly [first: string, second: string];
  readonly second: DataPlaneUnderTest;
}

export interface UseReplicasOptions {
  /** URL of the MCP server "wiki", which alice alone has. */
  readonly wiki: string;
  /** @default "sqlite" */
  readonly database?: DatabaseKind;
  /** Flags of both data planes. */
  readonly flags?: readonly string[];
}

export async function useReplicas({
  wiki,
  database = "sqlite",
  flags = [],
}: UseReplicasOptions): Promise<ReplicasUnderTest> {
  const gateway = await useGateway({
    database,
    provider: { strict: true },
    dataPlaneFlags: flags,
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0, allow_stored_state: true }
mcp_servers:
  - { name: wiki, url: "${wiki}", actors: [alice] }
`,
  });
  if (gateway.gatewayKey !== gatewayKey) throw new Error("the data planes have keys of their own");
  const second = await useDataPlane(["--controlplane", gateway.controlPlaneUrl, ...flags]);
  return {
    gateway,
    urls: [gateway.url, second.url],
    second,
    [Symbol.asyncDispose]: async () => {
      await second[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}
