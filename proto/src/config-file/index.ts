/** The configuration file `aibridge.yaml`: validated, expanded, complete with every default. */
export { ConfigFileError, type Problem } from "./config-file-error.ts";
export { type ConfigFile, type ConfigSource, emptyConfig, readConfigFile } from "./read-config-file.ts";
export type { McpServerRule } from "./to-mcp-server-rule.ts";
