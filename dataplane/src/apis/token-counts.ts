import { asRecord, type JsonRecord } from "./json-kinds.ts";

/** More kinds of tokens than this in one usage object are left out: no provider has as many. */
const maxExtraKinds = 64;
/** A longer path is left out: no provider has one as long. */
const maxPathLength = 256;
/** Deepest nesting of usage details that is read. */
const maxDetailDepth = 8;

/** A count of tokens or calls: a safe integer from 0. Undefined for anything else, null included. */
export function tokenCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** True if `usage` brings numbers: without any it says nothing, not even that nothing was used. */
export function hasCounts(usage: JsonRecord): boolean {
  return Object.values(usage).some((value) => tokenCount(value) !== undefined);
}

/**
 * The counts in `usage` that have no column of their own, under their dotted paths as sent
 * (`output_tokens_details.reasoning_tokens`). Left out are the paths in `columns` and every `total_tokens`, so that
 * nothing is in the records twice. Lists are not looked into.
 */
export function extraTokens(
  usage: unknown,
  columns: ReadonlySet<string>,
  prefix = "",
): Record<string, number> {
  const extra: Record<string, number> = {};
  collect(asRecord(usage) ?? {}, prefix, columns, extra, maxDetailDepth);
  return extra;
}

function collect(
  from: JsonRecord,
  prefix: string,
  columns: ReadonlySet<string>,
  into: Record<string, number>,
  depth: number,
): void {
  for (const name of Object.keys(from)) {
    const path = (prefix + name).toWellFormed();
    if (name === "total_tokens" || columns.has(path) || path.length > maxPathLength) continue;
    const count = tokenCount(from[name]);
    const details = asRecord(from[name]);
    if (count !== undefined && Object.keys(into).length < maxExtraKinds) into[path] = count;
    else if (details !== undefined && depth > 1) collect(details, `${path}.`, columns, into, depth - 1);
  }
}
