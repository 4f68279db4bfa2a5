/**
 * What clients and models put into texts, all of it valid UTF-8: NUL, control characters, an escape sequence of a
 * terminal, the U+FFFD that a data plane writes for a lone surrogate, a byte order mark, noncharacters, letters of four
 * bytes, letters written from right to left, and JSON that does not parse. No digit, so that nothing looks like a number.
 */
export const AWKWARD_TEXT =
  '{"a": "\u0000\u0001\u001f\u007f\u0085\u001b[mred\r\n\t \\ud \ufffd\ufeff\ufffe\uffff 𝕏🙂 e\u0301 \u202eעברית\u2028 %s \'; --';

/** A prompt of exactly 1 MiB in UTF-8, half of its characters longer than one byte. */
export const LARGE_PROMPT = "aü🙂.".repeat((1024 * 1024) / 8);
