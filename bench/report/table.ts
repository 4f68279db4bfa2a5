/** How a column is shown. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Rows of text under their titles, in columns as wide as their widest cell, two blanks apart. Ends with a newline. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const rendered = lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? "";
        const width = widths[index] ?? 0;
        return align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return `${rendered.join("\n")}\n`;
}
