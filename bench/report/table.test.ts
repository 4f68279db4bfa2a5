import { expect, test } from "vitest";
import { renderTable } from "./table.ts";

test("columns are as wide as their widest cell", () => {
  const table = renderTable(
    [
      { title: "workload", align: "left" },
      { title: "µs", align: "right" },
    ],
    [
      ["chat", "7"],
      ["messages stream", "1234"],
    ],
  );
  expect(table).toBe("workload           µs\nchat                7\nmessages stream  1234\n");
});
