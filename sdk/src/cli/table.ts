import { safeLine } from "./safe-text.ts";

/** A column of a table of `Row`s. */
export interface Column<Row> {
  /** Heading, upper case by convention: "MODEL". */
  readonly heading: string;
  /** Text of a cell; an empty one is shown as a dash. */
  cell(row: Row): string;
  /** Numbers are aligned at their last digit. Default: left. */
  readonly align?: "left" | "right";
}

/**
 * An aligned table with a heading line, safe for a terminal.
 * @returns lines with a line break after each
 */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => safeLine(column.cell(row)) || "-"));
  const lines = [columns.map(({ heading }) => heading), ...cells];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ""))));
  const format = (line: readonly string[]) =>
    columns.map(({ align }, index) => pad(line[index] ?? "", widths[index] ?? 0, align)).join("  ");
  return lines.map((line) => `${format(line).trimEnd()}\n`).join("");
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? blanks + text : text + blanks;
}

/** Columns a text takes on a terminal: combining marks none, East Asian letters and emoji two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) {
      continue;
    }
    const wide =
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}
