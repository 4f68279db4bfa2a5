import { expect, test } from "vitest";
import { FilteredRelay } from "./filtered-relay.ts";

test("the relay gets what the filter leaves, what it held back before the end, and no empty chunks", () => {
  const seen: string[] = [];
  const relay = new FilteredRelay(
    {
      data: (chunk) => void seen.push(chunk.toString()),
      finish: (clean) => {
        seen.push(`finish ${clean}`);
        return { complete: true, error: undefined };
      },
      holding: false,
      release: () => void seen.push("release"),
      errorBytes: () => undefined,
    },
    {
      push: (chunk) => Buffer.from(chunk.toString().replaceAll("x", "")),
      finish: () => Buffer.from("held back"),
    },
  );
  for (const chunk of ["axb", "xx", "c"]) relay.data(Buffer.from(chunk));
  expect(relay.finish(true)).toEqual({ complete: true, error: undefined });
  relay.release();
  expect(seen).toEqual(["ab", "c", "held back", "finish true", "release"]);
});
