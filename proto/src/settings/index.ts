/**
 * Command lines and environment variables, read the same way by every aibridge program.
 *
 * A program describes its flags as data ({@link defineCommand}) and reads them with {@link readCommandLine}; help texts
 * come from the same description.
 */
export {
  type Command,
  defineCommand,
  environmentVariable,
  type Flag,
  type FlagKind,
  type Positional,
  type Value,
  type Values,
} from "./flag.ts";
export { helpText } from "./help-text.ts";
export { isLoopback, type ListenAddress, listenAddress } from "./listen-address.ts";
export { nearest } from "./nearest.ts";
export { type CommandLine, type Environment, readCommandLine } from "./read-command-line.ts";
export { formatDuration, parseDuration, parseSize } from "./units.ts";
export { UsageError } from "./usage-error.ts";
