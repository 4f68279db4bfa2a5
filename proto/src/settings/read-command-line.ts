import { readFileSync } from "node:fs";
import { type Command, environmentVariable, type Flag, invocationOf, type Values } from "./flag.ts";
import { helpText } from "./help-text.ts";
import { splitArguments } from "./split-arguments.ts";
import { parseDuration, parseSize } from "./units.ts";
import { UsageError } from "./usage-error.ts";

/** Environment variables, handed down from the entry point. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A command line that was read, or the help it asked for. */
export type CommandLine<F extends Record<string, Flag>> =
  | { readonly help: false; readonly values: Values<F>; readonly positionals: string[] }
  | { readonly help: true; readonly text: string };

/**
 * Reads a command's flags from the command line, else the environment, else their defaults. An environment variable
 * that is empty counts as not set.
 * @throws UsageError for an unknown flag, a wrong value, a missing required one or too many arguments
 */
export function readCommandLine<F extends Record<string, Flag>>(
  command: Command<F>,
  argv: readonly string[],
  env: Environment,
): CommandLine<F> {
  const { given, positionals, help } = splitArguments(command, argv);
  if (help) {
    return { help: true, text: helpText(command) };
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries<Flag>(command.flags)) {
    values[name] = readFlagValue(name, flag, given.get(name), env);
  }
  checkPositionals(command, positionals);
  return { help: false, values: values as Values<F>, positionals: [...positionals] };
}

/** Texts of one flag and where they came from, so that errors name the place the user can change. */
interface Given {
  origin: string;
  texts: readonly string[];
}

function readFlagValue(
  name: string,
  flag: Flag,
  onCommandLine: readonly string[] | undefined,
  env: Environment,
) {
  const given =
    onCommandLine === undefined
      ? fromEnvironment(name, flag, env)
      : { origin: `--${name}`, texts: onCommandLine };
  if (given === undefined) {
    return defaultValue(name, flag);
  }
  const values = given.texts.map((text) => parseValue(given.origin, flag, text));
  if (flag.repeat === true) {
    return values;
  }
  if (values.length > 1) {
    throw new UsageError(`${given.origin} may be given only once`);
  }
  return values[0];
}

function fromEnvironment(name: string, flag: Flag, env: Environment): Given | undefined {
  const variable = environmentVariable(name);
  const text = env[variable] || undefined;
  const file = (flag.secret && env[`${variable}_FILE`]) || undefined;
  if (text !== undefined && file !== undefined) {
    throw new UsageError(`set either ${variable} or ${variable}_FILE, not both`);
  }
  if (file !== undefined) {
    return { origin: `${variable}_FILE`, texts: [readSecretFile(`${variable}_FILE`, file)] };
  }
  if (text === undefined) {
    return undefined;
  }
  const texts = flag.repeat === true ? text.split(",").map((part) => part.trim()) : [text];
  return { origin: variable, texts };
}

function readSecretFile(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new UsageError(`${variable} names ${file}, which cannot be read (${code})`);
  }
}

function defaultValue(name: string, flag: Flag): unknown {
  if (flag.required === true) {
    throw new UsageError(`--${name} is required (or ${environmentVariable(name)})`);
  }
  if (flag.repeat === true) {
    return [];
  }
  if (flag.default === undefined) {
    return flag.kind === "boolean" ? false : undefined;
  }
  return typeof flag.default === "string"
    ? parseValue(`default of --${name}`, flag, flag.default)
    : flag.default;
}

function parseValue(origin: string, flag: Flag, text: string): string | number | boolean {
  try {
    return parseKind(flag, text);
  } catch (error) {
    const reason = flag.secret === true ? "its value is not usable" : (error as Error).message;
    throw new UsageError(`${origin}: ${reason}`);
  }
}

function parseKind(flag: Flag, text: string): string | number | boolean {
  switch (flag.kind) {
    case "text":
      return checkChoice(flag, text);
    case "integer":
      return parseInteger(text);
    case "boolean":
      return parseBoolean(text);
    case "duration":
      return parseDuration(text);
    case "size":
      return parseSize(text);
  }
}

function checkChoice(flag: Flag, text: string): string {
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    throw new SyntaxError(`expected ${flag.choices.join(" or ")}, found "${text}"`);
  }
  return text;
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new SyntaxError(`expected a whole number, found "${text}"`);
  }
  return value;
}

function parseBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (["true", "1", "yes", "on"].includes(lower)) {
    return true;
  }
  if (["false", "0", "no", "off"].includes(lower)) {
    return false;
  }
  throw new SyntaxError(`expected true or false, found "${text}"`);
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const declared = command.positionals ?? [];
  const missing = declared.slice(positionals.length).find((positional) => positional.required);
  if (missing !== undefined) {
    throw new UsageError(`${missing.name} is missing: ${invocationOf(command)} ${missing.name}`);
  }
  const extra = positionals[declared.length];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument "${extra}"; see ${invocationOf(command)} --help`);
  }
}
