import type { GatewayUnderTest } from "./use-gateway.ts";

/**
 * Lets a data plane learn who asks, at each provider: nobody can tell it while the control plane is away. Records
 * nothing.
 */
export async function learnCaller({ url, token }: Pick<GatewayUnderTest, "url" | "token">): Promise<void> {
  for (const provider of ["anthropic", "openai"]) {
    const response = await fetch(`${url}/${provider}/v1/models`, { headers: { "x-api-key": token } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`models are answered ${response.status}`);
  }
}
