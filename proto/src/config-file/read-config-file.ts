import type { Config } from "../../gen/aibridge/v1/config_pb.ts";
import { ConfigFileError, type Problem } from "./config-file-error.ts";
import { expandEnvironment } from "./expand-environment.ts";
import { type FileEntries, fileSchema } from "./schema.ts";
import { formatPath, toProblems } from "./schema-problems.ts";
import { toConfig } from "./to-config.ts";
import { type McpServerRule, toMcpServerRule } from "./to-mcp-server-rule.ts";
import { readYaml } from "./yaml-document.ts";

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
  return toConfigFile(result.data);
}

/** Entries that were read and checked, in the form the planes use. */
export function toConfigFile(entries: FileEntries): ConfigFile {
  return {
    config: toConfig(entries),
    mcpServers: entries.mcp_servers.map(toMcpServerRule),
    retentionMs: entries.retention,
    orphanAfterMs: entries.orphan_after,
  };
}

/** What an empty file says: no providers, no MCP servers, every default. */
export function emptyConfig(): ConfigFile {
  return readConfigFile("", { file: "", env: {} });
}
