/** What kind of value a flag takes. `duration` reads as milliseconds, `size` as bytes. */
export type FlagKind = "text" | "integer" | "boolean" | "duration" | "size";

/** One flag of a command; its name is its kebab-case key, its environment variable `AIBRIDGE_<NAME>`. */
export interface Flag {
  kind: FlagKind;
  /** What the value is, in help texts: "HOST:PORT". Default: the kind in upper case. */
  placeholder?: string;
  /** One or two lines for help texts. */
  description: string;
  /** Value when neither the command line nor the environment gives one; durations and sizes as text: "10s". */
  default?: string | number | boolean;
  /** The value may also come from the file that `AIBRIDGE_<NAME>_FILE` names, and is never shown. */
  secret?: boolean;
  /** May be given several times; the environment variable holds them separated by commas. Reads as a list. */
  repeat?: boolean;
  /** Not giving it is a usage error. */
  required?: boolean;
  /** The only values a text may have. */
  choices?: readonly string[];
}

/** A positional argument of a command. */
export interface Positional {
  /** Name in help texts: "ID". */
  name: string;
  required: boolean;
  description: string;
}

/** A command: what help says about it and what its command line may hold. */
export interface Command<F extends Record<string, Flag> = Record<string, Flag>> {
  /** Name after `aibridge`: "tokens create". */
  name: string;
  /** How it is called, for help and errors. Default: "aibridge NAME". */
  invocation?: string;
  /** One sentence. */
  summary: string;
  positionals?: readonly Positional[];
  flags: F;
}

type OneValue<F extends Flag> = F["kind"] extends "text"
  ? string
  : F["kind"] extends "boolean"
    ? boolean
    : number;

/** Type of what a flag reads as. */
export type Value<F extends Flag> = F extends { repeat: true }
  ? OneValue<F>[]
  : F extends { kind: "boolean" } | { default: string | number | boolean } | { required: true }
    ? OneValue<F>
    : OneValue<F> | undefined;

/** Values of all flags of a command, by flag name. */
export type Values<F extends Record<string, Flag>> = { [Name in keyof F]: Value<F[Name]> };

/** Returns the command unchanged, with the types of its flags kept narrow so that its values are typed. */
export function defineCommand<const F extends Record<string, Flag>>(command: Command<F>): Command<F> {
  return command;
}

/** How a command is called: "aibridge tokens create". */
export function invocationOf({ name, invocation }: Pick<Command, "name" | "invocation">): string {
  return invocation ?? `aibridge ${name}`;
}

/** Environment variable of a flag: "admin-listen" → "AIBRIDGE_ADMIN_LISTEN". */
export function environmentVariable(flagName: string): string {
  return `AIBRIDGE_${flagName.toUpperCase().replaceAll("-", "_")}`;
}
