import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** Folders of the data plane from the outermost in; a file imports only from its own rank or ranks behind it. */
const ranks: readonly (readonly string[])[] = [
  ["main.ts", "index.ts"],
  ["gateway.ts"],
  ["ingress"],
  ["loop"],
  ["plan"],
  ["upstream", "mcp", "record"],
  ["control"],
  ["apis"],
  ["sse", "json"],
  ["telemetry", "config"],
  ["errors", "memory"],
];

/** Types that only name a shape may be imported against the direction: they leave no trace at run time. */
const importOf = /^import (?!type )[^;]*?from "([^"]+)";/gms;

test("imports of the data plane point one way", () => {
  const wrong: string[] = [];
  for (const file of sources("dataplane/src")) {
    const from = rankOf(relative("dataplane/src", file));
    for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
      const path = relative("dataplane/src", join(dirname(file), target));
      const sameFolder = path.split("/")[0] === relative("dataplane/src", file).split("/")[0];
      if (!sameFolder && rankOf(path) <= from) wrong.push(`${file} imports ${path}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("the planes do not know each other, and the sdk knows only the contract", () => {
  const forbidden: Record<string, RegExp> = {
    "dataplane/src": /^@aibridge\/(?!proto)/,
    "controlplane/src": /^@aibridge\/(?!proto)/,
    "sdk/src": /^@aibridge\/(?!proto)/,
    "proto/src": /^@aibridge\//,
  };
  const wrong = Object.entries(forbidden).flatMap(([folder, pattern]) =>
    sources(folder).flatMap((file) =>
      importsOf(file)
        .filter((name) => pattern.test(name))
        .map((name) => `${file} imports ${name}`),
    ),
  );
  expect(wrong).toEqual([]);
});

function sources(folder: string): string[] {
  const files = globSync(`${folder}/**/*.ts`).filter((file) => !file.endsWith(".test.ts"));
  expect(files.length).toBeGreaterThan(0);
  return files;
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(importOf)].map(([, name]) => name as string);
}

function rankOf(path: string): number {
  const top = path.split("/")[0] as string;
  const rank = ranks.findIndex((folders) => folders.includes(top));
  expect(rank, `${path} is in no known folder`).toBeGreaterThanOrEqual(0);
  return rank;
}
