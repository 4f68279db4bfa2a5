import { type Command, environmentVariable, type Flag, invocationOf } from "./flag.ts";

const INDENT = "      ";

/** Help of a command: its usage, every positional, every flag with default and environment variable. */
export function helpText(command: Command): string {
  const sections = [usage(command), command.summary, positionalSection(command), flagSection(command)];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function usage(command: Command): string {
  const positionals = (command.positionals ?? []).map(({ name, required }) =>
    required ? name : `[${name}]`,
  );
  const required = Object.entries(command.flags)
    .filter(([, flag]) => flag.required === true)
    .map(([name, flag]) => `--${name} ${placeholder(flag)}`);
  return ["Usage:", invocationOf(command), ...positionals, ...required, "[flags]"].join(" ");
}

function positionalSection(command: Command): string {
  const lines = (command.positionals ?? []).map(
    ({ name, description }) => `  ${name}\n${INDENT}${description}`,
  );
  return lines.length === 0 ? "" : ["Arguments:", ...lines].join("\n");
}

function flagSection(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => flagHelp(name, flag));
  return ["Flags:", ...flags, `  --help, -h\n${INDENT}Show this help.`].join("\n");
}

function flagHelp(name: string, flag: Flag): string {
  const head = flag.kind === "boolean" ? `  --${name}, --no-${name}` : `  --${name} ${placeholder(flag)}`;
  const description = flag.description.split("\n").map((line) => `${INDENT}${line}`);
  return [head, ...description, `${INDENT}${facts(name, flag).join("; ")}`].join("\n");
}

function facts(name: string, flag: Flag): string[] {
  const variable = environmentVariable(name);
  const known = [defaultFact(flag)];
  if (flag.choices !== undefined) {
    known.push(`one of: ${flag.choices.join(", ")}`);
  }
  if (flag.repeat === true) {
    known.push("may be repeated (separated by commas in the environment)");
  }
  known.push(`environment: ${variable}${flag.secret === true ? ` or ${variable}_FILE` : ""}`);
  return known;
}

function defaultFact(flag: Flag): string {
  if (flag.required === true) {
    return "required";
  }
  if (flag.default === undefined || flag.default === "") {
    return flag.kind === "boolean" ? "default: false" : "default: none";
  }
  return `default: ${flag.default}`;
}

function placeholder(flag: Flag): string {
  return flag.placeholder ?? flag.kind.toUpperCase();
}
