import { formatCount } from "./format-values.ts";

/** Most differences that are shown of one definition. */
const MAX_DIFFERENCES = 20;
/** Most characters of a value, or of the names that lead to it, that are shown. */
const MAX_LENGTH = 1000;
/** Characters that are shown around the differences of a value. */
const CONTEXT = 40;
/** What is nested deeper is compared as a whole. */
const MAX_DEPTH = 32;

/** A value of one of two definitions, under the names that lead to it: "inputSchema.properties.url". */
interface Difference {
  readonly path: string;
  /** JSON; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * What differs between two definitions of a tool, in lines: "- description: "old"", "+ description: "new"". Values are
 * JSON, so each stands on one line; it may still hold what a terminal must not get. Somebody is to judge by these lines what
 * may be hostile: what they leave out, they say.
 */
export function definitionDiff(before: string, after: string): string[] {
  const [old, next] = [readJson(before), readJson(after)];
  const isCut = old === undefined || next === undefined;
  const differences = isCut ? textDifference(before, after) : differencesOf([], old.value, next.value);
  if (differences.length === 0) {
    return ["what differs lies beyond what is kept of it"];
  }
  const lines = differences.slice(0, MAX_DIFFERENCES).flatMap(linesOf);
  const more = differences.length - MAX_DIFFERENCES;
  return [
    ...lines,
    ...(more > 0 ? [`… ${formatCount(more)} more differences: --json shows them`] : []),
    ...(isCut ? ["… what lies beyond is not kept"] : []),
  ];
}

/** Definitions that are long come cut: then they are no JSON. */
function readJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function textDifference(before: string, after: string): Difference[] {
  const [old, next] = [JSON.stringify(before), JSON.stringify(after)];
  return before === after ? [] : [{ path: "definition", before: old, after: next }];
}

function differencesOf(path: readonly string[], before: unknown, after: unknown): Difference[] {
  if (isObject(before) && isObject(after) && path.length < MAX_DEPTH) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      differencesOf([...path, name], member(before, name), member(after, name)),
    );
  }
  const [old, next] = [JSON.stringify(before), JSON.stringify(after)];
  return old === next ? [] : [{ path: path.join("."), before: old, after: next }];
}

function member(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function linesOf({ path, before, after }: Difference): string[] {
  const same = sameEnds(before ?? "", after ?? "");
  const name = cut(path);
  return [
    ...(before === undefined ? [] : [`- ${name}: ${partOf(before, same)}`]),
    ...(after === undefined ? [] : [`+ ${name}: ${partOf(after, same)}`]),
  ];
}

/** How many characters two texts have in common at the start, and of the rest at the end. */
function sameEnds(a: string, b: string): { readonly start: number; readonly end: number } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) {
    start += 1;
  }
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) {
    end += 1;
  }
  return { start, end };
}

/** What of a value is shown: everything between its first and its last difference, and what stands around it. */
function partOf(value: string, { start, end }: ReturnType<typeof sameEnds>): string {
  const from = Math.max(0, start - CONTEXT);
  const to = Math.min(value.length, value.length - end + CONTEXT);
  return `${from > 0 ? "…" : ""}${cut(value.slice(from, to))}${to < value.length ? "…" : ""}`;
}

function cut(text: string): string {
  const more = text.length - MAX_LENGTH;
  return more > 0
    ? `${text.slice(0, MAX_LENGTH)} … ${formatCount(more)} more characters: --json shows them`
    : text;
}
