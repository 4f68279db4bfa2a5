import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { type Environment, UsageError } from "@aibridge/proto/settings";

/** Reads OpenTelemetry's environment variables; an empty one counts as not set. Throws UsageErrors that name the variable. */
export class VariableReader {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string): string | undefined {
    return this.#env[name]?.trim() || undefined;
  }

  /** A setting of the exporter, for traces alone or for all signals. */
  specific<Value>(setting: string, read: (name: string) => Value | undefined): Value | undefined {
    return read(`OTEL_EXPORTER_OTLP_TRACES_${setting}`) ?? read(`OTEL_EXPORTER_OTLP_${setting}`);
  }

  choice(name: string, choices: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined || choices.includes(text)) return text;
    throw new UsageError(`${name}: expected ${choices.join(" or ")}, found "${text}"`);
  }

  number(name: string, from: number, to: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (value >= from && value <= to) return value;
    throw new UsageError(`${name}: expected a number from ${from} to ${to}, found "${text}"`);
  }

  file(name: string): string | undefined {
    const path = this.text(name);
    try {
      return path && readFileSync(path, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UsageError(`${name}: the file ${path} cannot be read (${code})`);
    }
  }

  /** `key=value,key=value`, percent-encoded (W3C Baggage). */
  pairs(name: string): Record<string, string> {
    const parts = (this.text(name) ?? "").split(",").filter((part) => part.trim() !== "");
    try {
      return Object.fromEntries(parts.map(pair));
    } catch {
      throw new UsageError(`${name}: expected key=value pairs with commas between them, percent-encoded`);
    }
  }

  /** Pairs that are names and values of HTTP headers. */
  headers(name: string): Record<string, string> {
    const headers = this.pairs(name);
    try {
      for (const [header, value] of Object.entries(headers)) {
        validateHeaderName(header);
        validateHeaderValue(header, value);
      }
    } catch {
      throw new UsageError(`${name}: expected names and values that can be HTTP headers`);
    }
    return headers;
  }
}

function pair(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  const name = decodeURIComponent(text.slice(0, Math.max(at, 0)).trim());
  if (name === "") throw new TypeError("a pair without a name");
  return [name, decodeURIComponent(text.slice(at + 1).trim())];
}
