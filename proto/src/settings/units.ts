const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
};

/**
 * Milliseconds of a span of time: "250ms", "10s", "5m", "1h", "30d", "1h30m", "0".
 * @throws SyntaxError saying what was expected and what was found
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === "0") {
    return 0;
  }
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(trimmed)) {
    throw new SyntaxError(`expected a duration such as 250ms, 10s, 5m, 1h or 30d, found "${text}"`);
  }
  let total = 0;
  for (const [, amount = "", unit = ""] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (MILLISECONDS[unit] ?? Number.NaN);
  }
  return safeInteger(Math.round(total), text);
}

/**
 * Bytes of a size: "100", "64KiB", "1MiB", "4GiB" (powers of 1024), "1MB" (powers of 1000).
 * @throws SyntaxError saying what was expected and what was found
 */
export function parseSize(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = BYTES[unit.toLowerCase()];
  if (amount === undefined || factor === undefined) {
    throw new SyntaxError(`expected a size such as 100, 64KiB, 1MiB or 4GiB, found "${text}"`);
  }
  return safeInteger(Math.round(Number(amount) * factor), text);
}

/** The shortest text that {@link parseDuration} reads as this many milliseconds: 90000 → "90s". */
export function formatDuration(milliseconds: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = MILLISECONDS[unit] ?? 1;
    if (milliseconds >= size && milliseconds % size === 0) {
      return `${milliseconds / size}${unit}`;
    }
  }
  return `${milliseconds}ms`;
}

function safeInteger(value: number, text: string): number {
  if (!Number.isSafeInteger(value)) {
    throw new SyntaxError(`"${text}" is too large`);
  }
  return value;
}
