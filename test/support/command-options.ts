import { parseArgs } from "node:util";

/**
 * Reads `--name value` flags of a test command. Every flag has a default, which also says whether it is a number.
 * @throws TypeError for an unknown flag, a flag without value, or a value that is no number where one is wanted
 */
export function commandOptions<Options extends Record<string, string | number>>(
  defaults: Options,
  args: readonly string[] = process.argv.slice(2),
): Options {
  const names = Object.keys(defaults);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values } = parseArgs({ args: [...args], options });
  const read = names.map((name) => [name, readValue(name, defaults[name], values[name])]);
  return Object.fromEntries(read) as Options;
}

function readValue(
  name: string,
  fallback: string | number | undefined,
  given: string | boolean | undefined,
): unknown {
  if (typeof given !== "string") return fallback;
  if (typeof fallback !== "number") return given;
  const number = Number(given);
  if (given === "" || Number.isNaN(number)) throw new TypeError(`--${name} wants a number, not ${given}`);
  return number;
}

/** @returns the value of a flag, one of those it may have. @throws TypeError naming them if it is another */
export function oneOf<Value extends string>(flag: string, value: string, allowed: readonly Value[]): Value {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new TypeError(`--${flag} is one of ${allowed.join(", ")}, not ${value}`);
  return found;
}
