/**
 * `node bench/central-tools.ts [--tools N] [--rounds N] [--only REGEX] [--profile DIR]`: what central tools cost a request
 * whose model calls none of them, as CPU time of the data plane. Two actors send the same requests in turn to the same
 * data plane; one has tools. The other one also sends the very bytes that those requests become, as a client with as many
 * tools of its own does: what that costs is the price of the bytes, not of adding them.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Agent } from "undici";
import { mcpGenerations } from "../test/support/mcp/mcp-generations.ts";
import { apiCases, apiModes } from "../test/support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../test/support/use-gateway.ts";
import { cpuMicroseconds } from "./measure/process-usage.ts";
import type { CpuProfile } from "./report/profile.ts";
import { renderProfile } from "./report/render-profile.ts";
import { renderTable } from "./report/table.ts";

/** What 50 tools may cost a request, in microseconds. */
const BUDGET_US = 60;
const SENDERS = 8;
const ROUND_REQUESTS = 400;

type Mode = (typeof apiModes)[number];

/** Requests without tools, those with central ones, and those whose client sends the same bytes itself. */
const kinds = ["without", "central", "own"] as const;
type Kind = (typeof kinds)[number];

/** CPU microseconds of one request of each kind: its cheapest round. */
interface Cost extends Record<Kind, number> {
  readonly mode: Mode;
}

/** The data plane under load. */
interface Bench {
  readonly gateway: GatewayUnderTest;
  readonly agent: Agent;
  /** Token of the actor with tools. */
  readonly equipped: string;
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      tools: { type: "string", default: "50" },
      rounds: { type: "string", default: "8" },
      only: { type: "string", default: "" },
      profile: { type: "string", default: "" },
    },
  });
  const only = new RegExp(values.only);
  const profile = values.profile === "" ? undefined : resolve(values.profile);
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  const costs = await measure({
    tools: Number(values.tools),
    rounds: Number(values.rounds),
    modes: apiModes.filter((mode) => only.test(nameOf(mode))),
    profile,
  });
  process.stdout.write(`${values.tools} tools, none called\n${render(costs)}`);
  if (profile !== undefined) await showProfiles(profile);
}

interface Plan {
  readonly tools: number;
  readonly rounds: number;
  readonly modes: readonly Mode[];
  /** Folder for a CPU profile of the data plane; every row is dearer then. */
  readonly profile: string | undefined;
}

async function measure({ tools, rounds, modes, profile }: Plan): Promise<Cost[]> {
  const server = await wiki(tools);
  await using gateway = await useGateway({
    provider: { keepRequests: 10 },
    config: (url) => configuration(url, server.url),
    ...(profile !== undefined && {
      dataPlaneEnv: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
    }),
  });
  const agent = new Agent({ connections: SENDERS });
  const bench = { gateway, agent, equipped: await token(gateway, "equipped") };
  const costs: Cost[] = [];
  for (const mode of modes) costs.push(await compare(bench, mode, rounds));
  await agent.close();
  await server.close();
  // A process that is killed leaves no profile.
  if (profile !== undefined) await gateway.dataPlane.stop("SIGTERM");
  return costs;
}

/** An MCP server with so many tools. */
async function wiki(tools: number) {
  return mcpGenerations.modern(
    Array.from({ length: tools }, (_, index) => ({
      name: `read_page_${index}`,
      description: `Reads page ${index} of the company's wiki and says what is written there. `.repeat(4),
    })),
  );
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

async function compare(bench: Bench, mode: Mode, rounds: number): Promise<Cost> {
  const body = JSON.stringify({ ...apiCases[mode.api].body, stream: mode.stream });
  const sent = { without: body, central: body, own: await upstreamBody(bench, mode, body) };
  const best = {
    without: Number.POSITIVE_INFINITY,
    central: Number.POSITIVE_INFINITY,
    own: Number.POSITIVE_INFINITY,
  };
  for (let round = 0; round <= rounds; round++) {
    for (const kind of kinds) {
      const cost = await costOfRound(bench, mode, kind, sent[kind]);
      // The first round of each warms up.
      if (round > 0) best[kind] = Math.min(best[kind], cost);
    }
  }
  return { mode, ...best };
}

/** What the provider gets of a request with central tools. */
async function upstreamBody(bench: Bench, mode: Mode, body: string): Promise<string> {
  await sendOne(bench, mode, "central", body);
  const sent = bench.gateway.provider.requests.at(-1)?.body.toString() ?? "";
  if (!sent.includes("bmcp_wiki_read_page_0"))
    throw new Error("the request had no tools: nothing to measure");
  return sent;
}

/** CPU microseconds of the data plane for one request. */
async function costOfRound(bench: Bench, mode: Mode, kind: Kind, body: string): Promise<number> {
  const { pid } = bench.gateway.dataPlane;
  const before = await cpuMicroseconds(pid);
  let left = ROUND_REQUESTS;
  const sender = async () => {
    while (left-- > 0) await sendOne(bench, mode, kind, body);
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return ((await cpuMicroseconds(pid)) - before) / ROUND_REQUESTS;
}

async function sendOne(
  { gateway, agent, equipped }: Bench,
  { api }: Mode,
  kind: Kind,
  body: string,
): Promise<void> {
  const secret = kind === "central" ? equipped : gateway.token;
  const { statusCode, body: answer } = await agent.request({
    origin: gateway.url,
    path: apiCases[api].path,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
    body,
  });
  await answer.dump();
  if (statusCode !== 200) throw new Error(`${api} was answered ${statusCode}`);
}

function nameOf({ api, stream }: Mode): string {
  return `${api} ${stream ? "stream" : "non-stream"}`;
}

function render(costs: readonly Cost[]): string {
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [
    { title: "CPU us of the data plane per request", align: "left" } as const,
    right("without tools"),
    right("central tools"),
    right("more"),
    right("budget"),
    right("same bytes, client's own"),
    right("more"),
  ];
  const rows = costs.map(({ mode, without, central, own }) => [
    nameOf(mode),
    without.toFixed(0),
    central.toFixed(0),
    (central - without).toFixed(0),
    String(BUDGET_US),
    own.toFixed(0),
    (own - without).toFixed(0),
  ]);
  return renderTable(columns, rows);
}

async function showProfiles(folder: string): Promise<void> {
  const root = new URL("../", import.meta.url).href;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".cpuprofile"))) {
    const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
    process.stdout.write(`\n${name}\n${renderProfile(profile, root)}`);
  }
}

await main(process.argv.slice(2));
