// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file format uses ${NAME}
import { expect, test } from "vitest";
import { ConfigFileError } from "./config-file-error.ts";
import { readConfigFile } from "./read-config-file.ts";

const SECRET = "sk-very-secret-4711";

function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  try {
    readConfigFile(text, { file: "a.yaml", env });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigFileError);
    return (error as ConfigFileError).message.split("\n");
  }
  return [];
}

const provider = (members: string) => `providers:\n  - { name: p, type: openai, ${members} }`;
const mcp = (members: string) => `mcp_servers:\n  - { name: m, url: "https://m.example", ${members} }`;

const WRONG: readonly (readonly [what: string, text: string, messages: readonly string[]])[] = [
  ["an unknown section", "provider: []", ["a.yaml:1: provider: unknown key; did you mean providers?"]],
  [
    "an unknown key far from all",
    "limits: { xyzzy: 1 }",
    [
      "a.yaml:1: limits.xyzzy: unknown key; known here: body_bytes, buffered_bytes, concurrency, per_actor_concurrency",
    ],
  ],
  [
    "an unknown key of a provider",
    "providers:\n  - name: p\n    type: openai\n    baseurl: x",
    ["a.yaml:4: providers[0].baseurl: unknown key; did you mean base_url?"],
  ],
  [
    "a missing name",
    "providers:\n  - type: openai",
    [
      "a.yaml:2: providers[0].name: is required: lower-case letters, digits and single hyphens, such as anthropic-eu",
    ],
  ],
  [
    "a wrong name",
    "providers:\n  - { name: Open_AI, type: openai }",
    [
      'a.yaml:2: providers[0].name: expected lower-case letters, digits and single hyphens, such as anthropic-eu, found "Open_AI"',
    ],
  ],
  [
    "a name twice",
    "providers:\n  - { name: p, type: openai }\n  - name: p\n    type: openai",
    ['a.yaml:3: providers[1].name: expected a name that no other provider has, found "p"'],
  ],
  [
    "a missing type",
    "providers: [{ name: p }]",
    [
      "a.yaml:1: providers[0].type: is required: anthropic or openai or openai-compatible or copilot or bedrock",
    ],
  ],
  [
    "a wrong type",
    "providers: [{ name: p, type: antropic }]",
    [
      'a.yaml:1: providers[0].type: expected anthropic or openai or openai-compatible or copilot or bedrock (did you mean anthropic?), found "antropic"',
    ],
  ],
  [
    "an anthropic URL with /v1",
    "providers: [{ name: p, type: anthropic, base_url: https://api.anthropic.com/v1/ }]",
    [
      'a.yaml:1: providers[0].base_url: leave out /v1 at the end: it is part of the request path; expected such as https://api.anthropic.com, found "https://api.anthropic.com/v1/"',
    ],
  ],
  [
    "a URL of another scheme",
    provider("base_url: ftp://x"),
    ['a.yaml:2: providers[0].base_url: expected an http or https URL, found "ftp://x"'],
  ],
  [
    "a URL with a password",
    provider(`base_url: "https://user:${SECRET}@x/v1"`),
    [
      'a.yaml:2: providers[0].base_url: expected a URL without user name and password, found "https://…@x/v1"',
    ],
  ],
  [
    "no URL where none can be guessed",
    "providers: [{ name: p, type: openai-compatible }]",
    ["a.yaml:1: providers[0].base_url: is required: the server's URL such as http://127.0.0.1:8000/v1"],
  ],
  [
    "keys for copilot",
    `providers: [{ name: p, type: copilot, keys: [${SECRET}] }]`,
    [
      "a.yaml:1: providers[0].keys: a copilot provider takes no keys: each user's own credential is sent; expected no such key, found a list",
    ],
  ],
  [
    "bedrock without region",
    "providers: [{ name: p, type: bedrock }]",
    ["a.yaml:1: providers[0].bedrock: is required: a mapping such as { region: us-east-1 }"],
  ],
  [
    "bedrock members elsewhere",
    provider("bedrock: { region: x }"),
    [
      "a.yaml:2: providers[0].bedrock: only a provider of type bedrock has this; expected no such key, found a mapping",
    ],
  ],
  [
    "keys that are no list",
    provider(`keys: ${SECRET}`),
    ["a.yaml:2: providers[0].keys: expected a list, found a value that is not shown here"],
  ],
  [
    "an empty key",
    provider('keys: [""]'),
    ["a.yaml:2: providers[0].keys[0]: expected a key that is not empty, found an empty text"],
  ],
  [
    "a key that YAML reads as a number",
    provider("keys: [0471147114711]"),
    ["a.yaml:2: providers[0].keys[0]: expected a key that is not empty, found a number (put it into quotes)"],
  ],
  [
    "a passthrough without method",
    provider("passthrough: [/v1/embeddings]"),
    [
      'a.yaml:2: providers[0].passthrough[0]: expected a method and a path such as "POST /v1/embeddings", found "/v1/embeddings"',
    ],
  ],
  [
    "too many retries",
    provider("max_retries: 11"),
    ["a.yaml:2: providers[0].max_retries: expected a whole number from 0 to 10, found 11"],
  ],
  [
    "a wrong switch",
    provider("include_usage: maybe"),
    ['a.yaml:2: providers[0].include_usage: expected true or false, found "maybe"'],
  ],
  [
    "a wrong duration",
    "timeouts:\n  connect: 10",
    ["a.yaml:2: timeouts.connect: expected a duration such as 250ms, 10s, 5m, 1h or 30d, found 10"],
  ],
  [
    "a wrong size",
    "limits:\n  body_bytes: 1 gallon",
    ['a.yaml:2: limits.body_bytes: expected a size such as 100, 64KiB, 32MiB or 4GiB, found "1 gallon"'],
  ],
  [
    "a section that is none",
    "limits: 5",
    ["a.yaml:1: limits: expected a mapping of keys to values, found 5"],
  ],
  ["a file that is no mapping", "- a\n- b", ["a.yaml:1: expected a mapping of keys to values, found a list"]],
  [
    "a trusted header without anything",
    "identity: { mode: trusted_header }",
    [
      "a.yaml:1: identity.header: is required: the header that holds the actor's id, such as x-forwarded-user",
      'a.yaml:1: identity.trusted_sources: is required: the peers that may set the header, such as ["10.0.0.0/8"]',
    ],
  ],
  [
    "a wrong range",
    "identity: { mode: trusted_header, header: x-user, trusted_sources: [10.0.0.0/33] }",
    [
      'a.yaml:1: identity.trusted_sources[0]: expected a range of addresses such as 10.0.0.0/8 or fd00::/8, found "10.0.0.0/33"',
    ],
  ],
  [
    "a trusted header that holds credentials",
    "identity: { mode: trusted_header, header: Authorization, trusted_sources: [10.0.0.0/8] }",
    [
      'a.yaml:1: identity.header: expected a header of its own: this one holds credentials, found "Authorization"',
    ],
  ],
  [
    "a header that is no text",
    "identity: { mode: trusted_header, header: [1], trusted_sources: [10.0.0.0/8] }",
    ["a.yaml:1: identity.header: expected a header name such as x-forwarded-user, found a list"],
  ],
  [
    "signing keys over plain http",
    "identity: { mode: jwt, jwks_url: http://id.example/keys, issuer: i, audience: a }",
    [
      'a.yaml:1: identity.jwks_url: expected https: over plain http anybody on the way could put keys of their own there, found "http://id.example/keys"',
    ],
  ],
  [
    "a JWT without issuer",
    "identity: { mode: jwt, jwks_url: https://x.example/k, audience: a }",
    ["a.yaml:1: identity.issuer: is required: the iss claim that tokens must have"],
  ],
  [
    "a pattern that does not compile",
    mcp('tool_allow: "(read"'),
    [
      'a.yaml:2: mcp_servers[0].tool_allow: expected a regular expression in RE2 syntax such as ^read_, found "(read"',
    ],
  ],
  [
    "a header value that is no text",
    mcp("headers: { x-team: [1] }"),
    [
      "a.yaml:2: mcp_servers[0].headers.x-team: expected a header value of printable ASCII characters, found a list",
    ],
  ],
  [
    "a header name that is none",
    mcp(`headers: { "x team": ${SECRET} }`),
    ["a.yaml:2: mcp_servers[0].headers.x team: expected a header name such as x-team"],
  ],
  [
    "an unset variable",
    'providers:\n  - name: p\n    type: openai\n    keys: ["${NOT_SET}"]',
    ["a.yaml:4: providers[0].keys[0]: the environment variable NOT_SET is not set"],
  ],
  [
    "a reference without name",
    'on_client_disconnect: "${}"',
    [
      "a.yaml:1: on_client_disconnect: expected ${NAME} with the name of an environment variable (write $${ for a literal ${)",
    ],
  ],
  ["text that is no YAML", `providers: [${SECRET}`, ["a.yaml:1: not valid YAML: bad indent"]],
  [
    "an alias of nothing",
    "limits: *nothing",
    ["a.yaml:1: not valid YAML: an alias without anchor, or far too many aliases"],
  ],
  ["a key twice", "limits: {}\nlimits: {}", ["a.yaml:2: not valid YAML: duplicate key"]],
];

test.each(WRONG)("%s", (_what, text, messages) => {
  const problems = problemsOf(text);
  expect(problems).toEqual(messages);
  expect(problems.join()).not.toContain(SECRET);
});

test("everything that is wrong is reported at once, in the order of the file", () => {
  expect(
    problemsOf(
      [
        "limits: { concurrency: 0, bodybytes: 1 }",
        "providers:",
        "  - { name: p, type: openai }",
        "  - { name: p, typ: openai }",
        "retention: never",
        'on_client_disconnect: "${NOT_SET}"',
      ].join("\n"),
    ),
  ).toEqual([
    "a.yaml:1: limits.concurrency: expected a whole number from 1 to 2147483647, found 0",
    "a.yaml:1: limits.bodybytes: unknown key; did you mean body_bytes?",
    "a.yaml:4: providers[1].type: is required: anthropic or openai or openai-compatible or copilot or bedrock",
    "a.yaml:4: providers[1].typ: unknown key; did you mean type?",
    'a.yaml:4: providers[1].name: expected a name that no other provider has, found "p"',
    'a.yaml:5: retention: expected a duration such as 250ms, 10s, 5m, 1h or 30d, found "never"',
    "a.yaml:6: on_client_disconnect: the environment variable NOT_SET is not set",
  ]);
});

test("what an environment variable held is not shown, wherever it was used", () => {
  expect(problemsOf('on_client_disconnect: "${X}"', { X: SECRET })).toEqual([
    "a.yaml:1: on_client_disconnect: expected cancel or drain, found a value that is not shown here",
  ]);
});
