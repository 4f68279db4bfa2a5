import { apiPath, type Delivery, type Workload } from "../workloads.ts";

const DELIVERIES: readonly Delivery[] = ["whole", "burst", "paced", "held"];
/** Every request of the bench comes from one actor, far more at once than one person's. */
const CONCURRENCY = 10_000;

/** The `aibridge.yaml` of the bench: a provider for every delivery, all of them the same process. */
export function gatewayConfig(providerPort: number): string {
  const origin = `http://127.0.0.1:${providerPort}`;
  const providers = DELIVERIES.flatMap((delivery) => [
    provider(`anthropic-${delivery}`, "anthropic", `${origin}/${delivery}`),
    provider(`openai-${delivery}`, "openai", `${origin}/${delivery}/v1`),
  ]);
  const limits = `limits: { concurrency: ${CONCURRENCY}, per_actor_concurrency: ${CONCURRENCY} }`;
  return ["providers:", ...providers, limits, ""].join("\n");
}

/** Path of a workload's requests at the gateway. */
export function gatewayPath(workload: Workload): string {
  const type = workload.api === "messages" ? "anthropic" : "openai";
  return `/${type}-${workload.delivery}${apiPath(workload.api)}`;
}

function provider(name: string, type: string, baseUrl: string): string {
  return `  - { name: ${name}, type: ${type}, base_url: "${baseUrl}", keys: [a-key-of-the-bench] }`;
}
