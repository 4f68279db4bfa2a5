/** A Config that this data plane cannot work by. The message says what and why, without secrets. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
