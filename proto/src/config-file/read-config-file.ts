import type { z } from "zod";
import type { Config } from "../../gen/aibridge/v1/config_pb.ts";
import { ConfigFileError, type Problem } from "./config-file-error.ts";
import { expandEnvironment } from "./expand-environment.ts";
import { fileSchema } from "./schema.ts";
import { toConfig } from "./to-config.ts";
import { type McpServerRule, toMcpServerRule } from "./to-mcp-server-rule.ts";
import { type Path, readYaml, type YamlDocument } from "./yaml-document.ts";

/** What a configuration file says, with every default filled in. */
export interface ConfigFile {
  /** What data planes need. Its version is the SHA-256 of its content. */
  readonly config: Config;
  /** MCP servers and who gets them. */
  readonly mcpServers: readonly McpServerRule[];
  /** How long records are kept, in milliseconds. */
  readonly retentionMs: number;
  /** Age at which an interception that no gateway closed is closed as orphaned, in milliseconds. */
  readonly orphanAfterMs: number;
}

/** Where a configuration text comes from. */
export interface ConfigSource {
  /** Name for error messages: "./aibridge.yaml". */
  readonly file: string;
  /** Variables for `${NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Values under these keys never appear in error messages. */
const SECRET_KEYS = new Set([
  "keys",
  "headers",
  "access_token",
  "access_key_id",
  "secret_access_key",
  "session_token",
]);

/**
 * Reads the text of an `aibridge.yaml`.
 * @throws ConfigFileError with everything that is wrong with it
 */
export function readConfigFile(text: string, { file, env }: ConfigSource): ConfigFile {
  const problems: Problem[] = [];
  const document = readYaml(text, (value, { line, path }) =>
    expandEnvironment(value, env, (message) => problems.push({ file, line, key: formatPath(path), message })),
  );
  if (document.errors.length > 0) {
    throw new ConfigFileError(document.errors.map((error) => ({ file, key: "", ...error })));
  }
  const result = fileSchema.safeParse(document.content);
  if (!result.success || problems.length > 0) {
    // What an unset variable would have held is unknown: nothing more is said about the value it is in.
    const reported = new Set(problems.map(({ key }) => key));
    const further = (result.error?.issues ?? []).flatMap((issue) => toProblems(issue, file, document));
    throw new ConfigFileError([...problems, ...further.filter(({ key }) => !reported.has(key))]);
  }
  return {
    config: toConfig(result.data),
    mcpServers: result.data.mcp_servers.map(toMcpServerRule),
    retentionMs: result.data.retention,
    orphanAfterMs: result.data.orphan_after,
  };
}

/** What an empty file says: no providers, no MCP servers, every default. */
export function emptyConfig(): ConfigFile {
  return readConfigFile("", { file: "", env: {} });
}

function toProblems(issue: z.core.$ZodIssue, file: string, document: YamlDocument): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((key, index) => {
      const path = [...issue.path, key];
      return {
        file,
        line: document.lineOf(path),
        key: formatPath(path),
        message: messages[index] ?? "unknown key",
      };
    });
  }
  const message = withFound(issue, document);
  return [{ file, line: document.lineOf(issue.path), key: formatPath(issue.path), message }];
}

function withFound(issue: z.core.$ZodIssue, document: YamlDocument): string {
  const found = valueAt(document.content, issue.path);
  if (found === undefined || issue.code === "invalid_key") {
    return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  }
  const secret = issue.path.some((step) => SECRET_KEYS.has(String(step))) || document.isExpanded(issue.path);
  return `${issue.message}, found ${describe(found, secret)}`;
}

function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const step of path) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  }
  return value;
}

function describe(value: unknown, secret: boolean): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty list" : "a list";
  }
  if (value === null) {
    return "nothing";
  }
  if (typeof value === "object") {
    return "a mapping";
  }
  if (value === "") {
    return "an empty text";
  }
  if (secret) {
    return typeof value === "number" ? "a number (put it into quotes)" : "a value that is not shown here";
  }
  return typeof value === "string" ? JSON.stringify(withoutUserInfo(value).slice(0, 80)) : String(value);
}

/** A password in a URL is a secret whatever its key. */
function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^/?#]*@/, "//…@");
}

function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") {
      return `${text}[${step}]`;
    }
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}
