// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file format uses ${NAME}
import { expect, test } from "vitest";
import {
  Durability,
  IdentityMode,
  McpPinning,
  OnClientDisconnect,
  OnRecordFailure,
  ProviderType,
} from "../../gen/aibridge/v1/config_pb.ts";
import { McpTransport } from "../../gen/aibridge/v1/tool_policy_pb.ts";
import { emptyConfig, readConfigFile } from "./read-config-file.ts";

const read = (text: string, env: Record<string, string> = {}) =>
  readConfigFile(text, { file: "aibridge.yaml", env });

const WHOLE = `
providers:
  - name: anthropic
    type: anthropic
    base_url: https://api.anthropic.com
    keys: ["\${ANTHROPIC_API_KEY}"]
    send_actor_headers: false
    circuit_breaker: { failure_threshold: 7, interval: 20s, timeout: 40s, max_requests: 4 }
    max_retries: 3
  - name: openai
    type: openai
    base_url: https://api.openai.com/v1
    keys: ["\${OPENAI_API_KEY}"]
    include_usage: false
    allow_stored_state: true
    passthrough: ["POST /v1/embeddings"]
mcp_servers:
  - name: deepwiki
    url: https://mcp.deepwiki.com/mcp
    transport: sse
    headers: { x-team: "dev" }
    access_token: "\${DEEPWIKI_TOKEN}"
    tool_allow: "^read_"
    tool_deny: "(?i)secret"
    actors: [alice, bob]
mcp: { max_turns: 21, concurrency: 11, call_timeout: 61s, discovery_budget: 3s, pinning: warn }
identity: { mode: jwt, stale_for: 2h, jwks_url: https://id.example.com/jwks.json, issuer: i, audience: a, actor_claim: email }
limits: { body_bytes: 33MiB, buffered_bytes: 513MiB, concurrency: 2001, per_actor_concurrency: 101 }
timeouts: { connect: 11s, first_byte: 11m, idle: 6m, client_body: 61s }
recording: { durability: process, on_failure: pass, spool_max_bytes: 5GiB, max_content_bytes: 2MiB,
             content: { prompts: false, thoughts: true, tool_inputs: false } }
on_client_disconnect: drain
retention: 61d
orphan_after: 25h
`;
const KEYS = { ANTHROPIC_API_KEY: "sk-ant-1", OPENAI_API_KEY: "sk-oai-1", DEEPWIKI_TOKEN: "dw-1" };

test("an empty file is a complete configuration", () => {
  const { config, mcpServers, retentionMs, orphanAfterMs } = emptyConfig();
  expect(mcpServers).toEqual([]);
  expect(retentionMs).toBe(60 * 86_400_000);
  expect(orphanAfterMs).toBe(86_400_000);
  expect(config.providers).toEqual([]);
  expect(config.onClientDisconnect).toBe(OnClientDisconnect.CANCEL);
  expect(config.identity).toMatchObject({
    mode: IdentityMode.TOKEN,
    staleFor: { seconds: 3600n },
    actorClaim: "sub",
  });
  expect(config.limits).toMatchObject({
    bodyBytes: 33_554_432n,
    bufferedBytes: 536_870_912n,
    concurrency: 2000,
    perActorConcurrency: 100,
  });
  expect(config.timeouts).toMatchObject({
    connect: { seconds: 10n },
    firstByte: { seconds: 600n },
    idle: { seconds: 300n },
    clientBody: { seconds: 60n },
  });
  expect(config.recording).toMatchObject({
    durability: Durability.PROCESS,
    onFailure: OnRecordFailure.REFUSE,
    spoolMaxBytes: 4_294_967_296n,
    maxContentBytes: 1_048_576n,
    prompts: true,
    thoughts: true,
    toolInputs: true,
  });
  expect(config.mcp).toMatchObject({
    maxTurns: 20,
    concurrency: 10,
    callTimeout: { seconds: 60n },
    discoveryBudget: { seconds: 2n },
    pinning: McpPinning.OFF,
  });
});

test("every key of the file arrives", () => {
  const { config, mcpServers, retentionMs, orphanAfterMs } = read(WHOLE, KEYS);
  expect(config.providers).toMatchObject([
    {
      name: "anthropic",
      type: ProviderType.ANTHROPIC,
      baseUrl: "https://api.anthropic.com",
      keys: ["sk-ant-1"],
      maxRetries: 3,
      circuitBreaker: {
        failureThreshold: 7,
        interval: { seconds: 20n },
        timeout: { seconds: 40n },
        maxRequests: 4,
      },
    },
    {
      name: "openai",
      type: ProviderType.OPENAI,
      keys: ["sk-oai-1"],
      includeUsage: false,
      allowStoredState: true,
      passthrough: ["POST /v1/embeddings"],
    },
  ]);
  expect(mcpServers).toMatchObject([
    {
      actors: ["alice", "bob"],
      server: {
        name: "deepwiki",
        url: "https://mcp.deepwiki.com/mcp",
        transport: McpTransport.SSE,
        headers: { "x-team": "dev" },
        accessToken: "dw-1",
        toolAllowRegex: "^read_",
        toolDenyRegex: "(?i)secret",
      },
    },
  ]);
  expect(config.mcp).toMatchObject({ maxTurns: 21, concurrency: 11, pinning: McpPinning.WARN });
  expect(config.identity).toMatchObject({
    mode: IdentityMode.JWT,
    jwksUrl: "https://id.example.com/jwks.json",
    issuer: "i",
    audience: "a",
    actorClaim: "email",
  });
  expect(config.limits).toMatchObject({
    bodyBytes: 34_603_008n,
    concurrency: 2001,
    perActorConcurrency: 101,
  });
  expect(config.timeouts).toMatchObject({ connect: { seconds: 11n }, idle: { seconds: 360n } });
  expect(config.recording).toMatchObject({
    durability: Durability.PROCESS,
    onFailure: OnRecordFailure.PASS,
    prompts: false,
    thoughts: true,
    toolInputs: false,
  });
  expect(config.onClientDisconnect).toBe(OnClientDisconnect.DRAIN);
  expect(retentionMs).toBe(61 * 86_400_000);
  expect(orphanAfterMs).toBe(25 * 3_600_000);
});

test("the version is a hash of what the file means, not of how it is written", () => {
  const first = read("limits: { concurrency: 5 }").config.version;
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(read("# a comment\nlimits:\n  concurrency: 5\n").config.version).toBe(first);
  expect(read("limits: { concurrency: 6 }").config.version).not.toBe(first);
});

test("every type has its default URL and the defaults of a provider", () => {
  const { providers } = read(`
providers:
  - { name: a, type: anthropic }
  - { name: o, type: openai }
  - { name: c, type: copilot }
  - { name: b, type: bedrock, bedrock: { region: eu-central-1 } }
`).config;
  expect(providers.map(({ baseUrl }) => baseUrl)).toEqual([
    "https://api.anthropic.com",
    "https://api.openai.com/v1",
    "https://api.individual.githubcopilot.com",
    "",
  ]);
  expect(providers[0]).toMatchObject({
    keys: [],
    maxRetries: 2,
    includeUsage: true,
    allowStoredState: false,
    sendActorHeaders: false,
    disabled: false,
    circuitBreaker: {
      failureThreshold: 5,
      interval: { seconds: 10n },
      timeout: { seconds: 30n },
      maxRequests: 3,
    },
  });
  expect(providers[3]?.bedrock).toMatchObject({ form: "runtime-messages", region: "eu-central-1" });
});

test("environment variables expand inside texts, $${ is a literal ${, and numbers and switches may come from them", () => {
  const { config } = read(
    `
providers:
  - { name: o, type: openai-compatible, base_url: "http://\${HOST}:8000/v1/?tag=$\${x}", max_retries: "\${N}", disabled: "\${OFF}" }
`,
    { HOST: "10.0.0.7", N: "4", OFF: "true" },
  );
  expect(config.providers[0]).toMatchObject({
    baseUrl: "http://10.0.0.7:8000/v1?tag=${x}",
    maxRetries: 4,
    disabled: true,
  });
});

test("keys without a value count as absent", () => {
  const { config } = read("providers:\nmcp_servers:\nlimits:\n  concurrency:\n");
  expect(config.limits?.concurrency).toBe(2000);
});

test("a base URL takes paths behind it, other URLs stay as they are", () => {
  const { config, mcpServers } = read(`
providers: [{ name: a, type: anthropic, base_url: "https://proxy.example/anthropic/" }]
mcp_servers: [{ name: m, url: "https://m.example/mcp/" }]
`);
  expect(config.providers[0]?.baseUrl).toBe("https://proxy.example/anthropic");
  expect(mcpServers[0]?.server.url).toBe("https://m.example/mcp/");
});
