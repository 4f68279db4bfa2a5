/**
 * `node bench/central-tools.ts [tools] [rounds]`: what central tools cost a request whose model calls none of them, as
 * CPU time of the data plane. Two actors send the same requests in turn to the same data plane; one has tools.
 */
import { Agent } from "undici";
import { mcpGenerations } from "../test/support/mcp/mcp-generations.ts";
import { apiCases, apiModes } from "../test/support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../test/support/use-gateway.ts";
import { cpuMicroseconds } from "./measure/process-usage.ts";
import { renderTable } from "./report/table.ts";

/** What 50 tools may cost a request, in microseconds. */
const BUDGET_US = 60;
const SENDERS = 8;
const ROUND_REQUESTS = 400;

type Mode = (typeof apiModes)[number];

/** CPU microseconds of one request without and with tools: the cheapest round of each. */
interface Cost {
  readonly mode: Mode;
  readonly without: number;
  readonly with: number;
}

async function main([tools = 50, rounds = 8]: readonly number[]): Promise<void> {
  const start = mcpGenerations.modern;
  if (start === undefined) throw new Error("there is no such generation of MCP servers");
  const server = await start(
    Array.from({ length: tools }, (_, index) => ({
      name: `read_page_${index}`,
      description: `Reads page ${index} of the company's wiki and says what is written there. `.repeat(4),
    })),
  );
  await using gateway = await useGateway({
    provider: { keepRequests: 10 },
    config: (url) => configuration(url, server.url),
  });
  const withTools = await token(gateway, "equipped");
  const agent = new Agent({ connections: SENDERS });
  const costs: Cost[] = [];
  for (const mode of apiModes) costs.push(await compare(gateway, agent, mode, withTools, rounds));
  const sent = gateway.provider.requests.some(({ body }) => body.includes("bmcp_wiki_read_page_0"));
  process.stdout.write(`${tools} tools, none called\n${render(costs)}`);
  await agent.close();
  await server.close();
  if (!sent) throw new Error("no request had tools: nothing was measured");
}

function configuration(providerUrl: string, mcpUrl: string): string {
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${providerUrl}", keys: [sk-ant-central-0123456789abcdef] }
  - { name: openai, type: openai, base_url: "${providerUrl}/v1", keys: [sk-central-0123456789abcdef] }
mcp_servers:
  - { name: wiki, url: "${mcpUrl}", actors: [equipped] }
`;
}

async function token(gateway: GatewayUnderTest, actor: string): Promise<string> {
  const { code, stdout, stderr } = await gateway.run("tokens", "create", "--actor", actor, "--json");
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { token: string }).token;
}

async function compare(
  gateway: GatewayUnderTest,
  agent: Agent,
  mode: Mode,
  equipped: string,
  rounds: number,
): Promise<Cost> {
  const best = { without: Number.POSITIVE_INFINITY, with: Number.POSITIVE_INFINITY };
  for (let round = 0; round <= rounds; round++) {
    const without = await costOfRound(gateway, agent, mode, gateway.token);
    const equippedCost = await costOfRound(gateway, agent, mode, equipped);
    // The first round of each warms up.
    if (round === 0) continue;
    best.without = Math.min(best.without, without);
    best.with = Math.min(best.with, equippedCost);
  }
  return { mode, ...best };
}

/** CPU microseconds of the data plane for one request. */
async function costOfRound(
  gateway: GatewayUnderTest,
  agent: Agent,
  mode: Mode,
  secret: string,
): Promise<number> {
  const { pid } = gateway.dataPlane;
  const before = await cpuMicroseconds(pid);
  let left = ROUND_REQUESTS;
  const sender = async () => {
    while (left-- > 0) await sendOne(gateway, agent, mode, secret);
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return ((await cpuMicroseconds(pid)) - before) / ROUND_REQUESTS;
}

async function sendOne(
  gateway: GatewayUnderTest,
  agent: Agent,
  { api, stream }: Mode,
  secret: string,
): Promise<void> {
  const { path, body } = apiCases[api];
  const { statusCode, body: answer } = await agent.request({
    origin: gateway.url,
    path,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
    body: JSON.stringify({ ...body, stream }),
  });
  await answer.dump();
  if (statusCode !== 200) throw new Error(`${api} was answered ${statusCode}`);
}

function render(costs: readonly Cost[]): string {
  const columns = [
    { title: "CPU of the data plane per request", align: "left" },
    { title: "without us", align: "right" },
    { title: "with us", align: "right" },
    { title: "tools us", align: "right" },
    { title: "budget", align: "right" },
  ] as const;
  const rows = costs.map((cost) => [
    `${cost.mode.api} ${cost.mode.stream ? "stream" : "non-stream"}`,
    cost.without.toFixed(0),
    cost.with.toFixed(0),
    (cost.with - cost.without).toFixed(0),
    String(BUDGET_US),
  ]);
  return renderTable(columns, rows);
}

await main(process.argv.slice(2).map(Number));
