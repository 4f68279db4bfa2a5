import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { defineCommand } from "./flag.ts";
import { readCommandLine } from "./read-command-line.ts";
import { UsageError } from "./usage-error.ts";

const command = defineCommand({
  name: "demo",
  summary: "Shows how flags are read.",
  positionals: [{ name: "ID", required: false, description: "What to show." }],
  flags: {
    listen: { kind: "text", default: "127.0.0.1:8080", description: "Where to listen." },
    "admin-key": { kind: "text", secret: true, description: "Key of the administrator." },
    limit: { kind: "integer", description: "Rows." },
    json: { kind: "boolean", description: "Print JSON." },
    color: { kind: "boolean", default: true, description: "Use colours." },
    ttl: { kind: "duration", default: "10s", description: "How long it is good for." },
    "max-body": { kind: "size", description: "Largest body." },
    by: { kind: "text", repeat: true, description: "What to group by." },
    protocol: { kind: "text", choices: ["grpc", "connect"], default: "grpc", description: "What to speak." },
  },
});

function read(argv: string[], env: Record<string, string> = {}) {
  const line = readCommandLine(command, argv, env);
  if (line.help) {
    throw new Error("unexpected help");
  }
  return line;
}

function refusal(argv: string[], env: Record<string, string> = {}): string {
  try {
    read(argv, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).exitCode).toBe(2);
    return (error as UsageError).message;
  }
  return "accepted";
}

test("defaults", () => {
  expect(read([]).values).toEqual({
    listen: "127.0.0.1:8080",
    "admin-key": undefined,
    limit: undefined,
    json: false,
    color: true,
    ttl: 10_000,
    "max-body": undefined,
    by: [],
    protocol: "grpc",
  });
});

test("values have the types of their flags", () => {
  const { values } = read([]);
  expectTypeOf(values.listen).toEqualTypeOf<string>();
  expectTypeOf(values["admin-key"]).toEqualTypeOf<string | undefined>();
  expectTypeOf(values.limit).toEqualTypeOf<number | undefined>();
  expectTypeOf(values.json).toEqualTypeOf<boolean>();
  expectTypeOf(values.ttl).toEqualTypeOf<number>();
  expectTypeOf(values.by).toEqualTypeOf<string[]>();
  expect(values.json).toBe(false);
});

test("both spellings of a flag, booleans and their negation, repeated flags, positionals", () => {
  const { values, positionals } = read(
    "--listen :: --limit=5 --json --no-color --ttl=1h30m --max-body 1MiB --by a --by=b abc".split(" "),
  );
  expect(values).toMatchObject({
    listen: "::",
    limit: 5,
    json: true,
    color: false,
    ttl: 5_400_000,
    "max-body": 1_048_576,
    by: ["a", "b"],
  });
  expect(positionals).toEqual(["abc"]);
  expect(read(["--", "--listen"]).positionals).toEqual(["--listen"]);
});

test("the command line beats the environment, which beats defaults; empty variables count as not set", () => {
  const env = { AIBRIDGE_LISTEN: "a:1", AIBRIDGE_JSON: "1", AIBRIDGE_BY: "x, y", AIBRIDGE_TTL: "" };
  expect(read([], env).values).toMatchObject({ listen: "a:1", json: true, by: ["x", "y"], ttl: 10_000 });
  expect(read(["--listen", "b:2", "--no-json"], env).values).toMatchObject({ listen: "b:2", json: false });
});

test("a secret may come from a file, whose ends are trimmed", () => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-settings-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "key");
  writeFileSync(file, "s3cret\n");
  expect(read([], { AIBRIDGE_ADMIN_KEY_FILE: file }).values["admin-key"]).toBe("s3cret");
  expect(refusal([], { AIBRIDGE_ADMIN_KEY_FILE: file, AIBRIDGE_ADMIN_KEY: "x" })).toBe(
    "set either AIBRIDGE_ADMIN_KEY or AIBRIDGE_ADMIN_KEY_FILE, not both",
  );
  expect(refusal([], { AIBRIDGE_ADMIN_KEY_FILE: `${file}.none` })).toBe(
    `AIBRIDGE_ADMIN_KEY_FILE names ${file}.none, which cannot be read (ENOENT)`,
  );
});

test.each([
  [["--lisen", "x"], "unknown flag --lisen; did you mean --listen?"],
  [["--admin-keys=topsecret"], "unknown flag --admin-keys; did you mean --admin-key?"],
  [["--zzzzzzzz"], "unknown flag --zzzzzzzz; see aibridge demo --help"],
  [["-j"], "unknown flag -j; see aibridge demo --help"],
  [["--no-limit"], "unknown flag --no-limit; see aibridge demo --help"],
  [["--constructor"], "unknown flag --constructor; see aibridge demo --help"],
  [["--limit"], "--limit needs a value: --limit INTEGER"],
  [["--limit", "--json"], "--limit needs a value: --limit INTEGER"],
  [["--limit", "five"], '--limit: expected a whole number, found "five"'],
  [["--limit", "1", "--limit", "2"], "--limit may be given only once"],
  [["--ttl", "soon"], '--ttl: expected a duration such as 250ms, 10s, 5m, 1h or 30d, found "soon"'],
  [["--max-body", "big"], '--max-body: expected a size such as 100, 64KiB, 1MiB or 4GiB, found "big"'],
  [["--json=maybe"], '--json: expected true or false, found "maybe"'],
  [["--protocol", "soap"], '--protocol: expected grpc or connect, found "soap"'],
  [["a", "b"], 'unexpected argument "b"; see aibridge demo --help'],
])("%j is refused", (argv, message) => {
  expect(refusal(argv)).toBe(message);
});

test("errors of the environment name the variable", () => {
  expect(refusal([], { AIBRIDGE_LIMIT: "x" })).toBe('AIBRIDGE_LIMIT: expected a whole number, found "x"');
});

test("required flags and positionals", () => {
  const strict = defineCommand({
    name: "strict",
    summary: "Needs everything.",
    positionals: [{ name: "ID", required: true, description: "What." }],
    flags: { actor: { kind: "text", required: true, description: "Who." } },
  });
  expect(() => readCommandLine(strict, ["x"], {})).toThrow("--actor is required (or AIBRIDGE_ACTOR)");
  expect(() => readCommandLine(strict, ["--actor", "a"], {})).toThrow("ID is missing: aibridge strict ID");
  expect(readCommandLine(strict, ["x"], { AIBRIDGE_ACTOR: "a" })).toMatchObject({ values: { actor: "a" } });
});

test("help shows every flag with its default and environment variable, even beside mistakes in the environment", () => {
  const line = readCommandLine(command, ["--help"], { AIBRIDGE_LIMIT: "x" });
  expect(line.help && line.text).toBe(`Usage: aibridge demo [ID] [flags]

Shows how flags are read.

Arguments:
  ID
      What to show.

Flags:
  --listen TEXT
      Where to listen.
      default: 127.0.0.1:8080; environment: AIBRIDGE_LISTEN
  --admin-key TEXT
      Key of the administrator.
      default: none; environment: AIBRIDGE_ADMIN_KEY or AIBRIDGE_ADMIN_KEY_FILE
  --limit INTEGER
      Rows.
      default: none; environment: AIBRIDGE_LIMIT
  --json, --no-json
      Print JSON.
      default: false; environment: AIBRIDGE_JSON
  --color, --no-color
      Use colours.
      default: true; environment: AIBRIDGE_COLOR
  --ttl DURATION
      How long it is good for.
      default: 10s; environment: AIBRIDGE_TTL
  --max-body SIZE
      Largest body.
      default: none; environment: AIBRIDGE_MAX_BODY
  --by TEXT
      What to group by.
      default: none; may be repeated (separated by commas in the environment); environment: AIBRIDGE_BY
  --protocol TEXT
      What to speak.
      default: grpc; one of: grpc, connect; environment: AIBRIDGE_PROTOCOL
  --help, -h
      Show this help.
`);
});

test("a command that is called in another way says so in help and errors", () => {
  const other = defineCommand({ name: "start", invocation: "npm start --", summary: "Starts.", flags: {} });
  const line = readCommandLine(other, ["-h"], {});
  expect(line.help && line.text).toMatch(/^Usage: npm start -- \[flags\]/);
  expect(() => readCommandLine(other, ["x"], {})).toThrow("see npm start -- --help");
});
