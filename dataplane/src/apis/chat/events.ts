/**
 * What is read from the chunks of a Chat Completions stream, and alike from a whole answer, where `message` stands for
 * `delta`:
 *
 * | member | read from it |
 * |---|---|
 * | id, model, service_tier | of the answer |
 * | choices[].index, .finish_reason | which choices there are, and that each came to its end |
 * | choices[].delta.tool_calls[] | index, id, type, function {name, arguments}, custom {name, input} |
 * | choices[].delta.function_call | name, arguments (legacy) |
 * | choices[].delta.reasoning_content, .reasoning | thoughts, of compatible servers |
 * | usage | the last one wins |
 * | error | in place of a chunk |
 *
 * The stream ends with `data: [DONE]`.
 */
import { startsWithAt } from "../../sse/event.ts";

const done = Buffer.from("[DONE]");

/** True for the stream's last event. */
export function isDone(data: Buffer, start: number, end: number): boolean {
  return end - start >= done.length && startsWithAt(data, start, done);
}

/** Members whose value carries a fact unless it is null. */
const telling = [
  "tool_calls",
  "function_call",
  "reasoning_content",
  "reasoning",
  "usage",
  "error",
  "finish_reason",
].map((name) => Buffer.from(name));
const indexName = Buffer.from("index");
/** The lengths of the names above, as bits: most names are told apart by their length alone. */
const lengthsOfInterest = [indexName, ...telling].reduce((bits, name) => bits | (1 << name.length), 0);
const longestName = 31;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const space = 0x20;
const letterN = 0x6e;
const digitZero = 0x30;

/**
 * True for a chunk that surely carries no fact, as most do: all telling members are absent or null, and it belongs to
 * choice 0. Looks at member names alone, wherever they stand, and makes no strings; what it cannot read it calls telling.
 */
export function isPlainChunk(data: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (data[at] !== quote) {
      at += 1;
      continue;
    }
    const open = at + 1;
    at = open;
    while (at < end && data[at] !== quote) at += data[at] === backslash ? 2 : 1;
    if (at >= end) return false;
    const length = at - open;
    at += 1;
    if (length > longestName || ((lengthsOfInterest >> length) & 1) === 0) continue;
    const value = valueBehind(data, at);
    if (value !== -1 && !isPlainMember(data, open, length, value)) return false;
  }
  return true;
}

/** The offset of the value if a colon follows at `at`, else -1. */
function valueBehind(data: Buffer, at: number): number {
  let pos = at;
  while (data[pos] === space) pos += 1;
  if (data[pos] !== colon) return -1;
  pos += 1;
  while (data[pos] === space) pos += 1;
  return pos;
}

function isPlainMember(data: Buffer, name: number, length: number, value: number): boolean {
  if (length === indexName.length && startsWithAt(data, name, indexName)) return isZero(data, value);
  if (data[value] === letterN) return true;
  return !telling.some((telltale) => telltale.length === length && startsWithAt(data, name, telltale));
}

function isZero(data: Buffer, at: number): boolean {
  const next = data[at + 1] ?? 0;
  return data[at] === digitZero && (next < digitZero || next > digitZero + 9);
}
