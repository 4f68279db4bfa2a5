/**
 * Characters that move the cursor, change colours or reorder text when a terminal gets them: C0 and C1 controls, DEL,
 * line and paragraph separators, bidirectional overrides. Recorded text may hold any of them.
 */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Characters that show nothing, and that a model reads all the same: zero-width ones, tags, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Text for one line of a terminal: unsafe characters, line breaks included, are written as escapes. */
export function safeLine(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/** As {@link safeLine}, for text that somebody is to judge: what could not be seen is written as escapes too. */
export function visibleLine(text: string): string {
  return safeLine(text).replace(INVISIBLE, escapeCharacter);
}

/** Text for several lines of a terminal: line breaks and tabs stay, everything else as in {@link safeLine}. */
export function safeBlock(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(UNSAFE, (character) =>
      character === "\n" || character === "\t" ? character : escapeCharacter(character),
    );
}

function escapeCharacter(character: string): string {
  const named: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return named[character] ?? escapeCode(character.codePointAt(0) ?? 0);
}

function escapeCode(code: number): string {
  if (code > 0xffff) {
    return `\\u{${hex(code, 5)}}`;
  }
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
