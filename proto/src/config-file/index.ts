/** The configuration file `aibridge.yaml`: validated, expanded, complete with every default. */
export { ConfigFileError, type Problem } from "./config-file-error.ts";
export { type ConfigFile, type ConfigSource, emptyConfig, readConfigFile } from "./read-config-file.ts";
export { type ConfigObject, readConfigObject } from "./read-config-object.ts";
export { configVersion } from "./to-config.ts";
export type { McpServerRule } from "./to-mcp-server-rule.ts";
export {
  type ConfigFileEvents,
  ConfigFileWatch,
  type ConfigFileWatchOptions,
  UnreadableConfigFile,
} from "./watch-config-file.ts";
