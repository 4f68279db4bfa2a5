import { type Command, type Flag, invocationOf } from "./flag.ts";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

/** A command line taken apart; values are still text. */
export interface SplitArguments {
  /** Texts given for each flag, in order; "true" or "false" for booleans. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * Takes a command line apart: `--flag value`, `--flag=value`, `--flag` and `--no-flag` for booleans, `--` before
 * positionals that begin with a dash.
 */
export function splitArguments(command: Command, argv: readonly string[]): SplitArguments {
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  let help = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") {
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (argument === "--help" || argument === "-h") {
      help = true;
    } else if (!argument.startsWith("-") || argument === "-") {
      positionals.push(argument);
    } else {
      const found = readFlag(command, argument, argv[index + 1]);
      index += found.usedNext ? 1 : 0;
      given.set(found.name, [...(given.get(found.name) ?? []), found.value]);
    }
  }
  return { given, positionals, help };
}

interface FoundFlag {
  name: string;
  value: string;
  usedNext: boolean;
}

function readFlag(command: Command, argument: string, next: string | undefined): FoundFlag {
  const equals = argument.indexOf("=");
  const name = (equals < 0 ? argument : argument.slice(0, equals)).replace(/^--?/, "");
  const attached = equals < 0 ? undefined : argument.slice(equals + 1);
  const flag = ownFlag(command, name);
  if (flag === undefined || !argument.startsWith("--")) {
    return readNegation(command, argument, name, attached);
  }
  if (flag.kind === "boolean") {
    return { name, value: attached ?? "true", usedNext: false };
  }
  if (attached !== undefined) {
    return { name, value: attached, usedNext: false };
  }
  // A value that begins with two dashes is far more often a forgotten value than a meant one; `--flag=--x` still works.
  if (next === undefined || next.startsWith("--")) {
    throw new UsageError(`--${name} needs a value: --${name} ${flag.placeholder ?? flag.kind.toUpperCase()}`);
  }
  return { name, value: next, usedNext: true };
}

function readNegation(
  command: Command,
  argument: string,
  name: string,
  attached: string | undefined,
): FoundFlag {
  const positive = argument.startsWith("--no-") ? name.slice("no-".length) : undefined;
  if (positive !== undefined && attached === undefined && ownFlag(command, positive)?.kind === "boolean") {
    return { name: positive, value: "false", usedNext: false };
  }
  const known = [...Object.keys(command.flags), "help"];
  const guess = nearest(name, known);
  const hint = guess === undefined ? `see ${invocationOf(command)} --help` : `did you mean --${guess}?`;
  // Only the name is shown: what follows the equals sign may be a secret.
  throw new UsageError(`unknown flag ${argument.split("=", 1)[0]}; ${hint}`);
}

function ownFlag(command: Command, name: string): Flag | undefined {
  return Object.hasOwn(command.flags, name) ? command.flags[name] : undefined;
}
