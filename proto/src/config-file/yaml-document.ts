import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";

/** A step into a document: a key of a mapping or an index of a list. */
export type Path = readonly PropertyKey[];

/** A YAML text with the places of its values. */
export interface YamlDocument {
  /** What the text says. Keys without a value are left out: they mean the same as absent ones. */
  readonly content: unknown;
  /** What is wrong with the text as YAML. */
  readonly errors: readonly { line: number; message: string }[];
  /** Line of the value at a path, or of the deepest part of the path that is there. */
  lineOf(path: Path): number;
  /** True if the value at a path was written with an environment variable in it. */
  isExpanded(path: Path): boolean;
}

/**
 * Parses a YAML text. Every text value passes through `expand`, which returns the value to use; keys do not.
 * @param expand gets the text and where it is
 */
export function readYaml(
  text: string,
  expand: (value: string, place: { line: number; path: Path }) => string,
): YamlDocument {
  const lines = new LineCounter();
  // Pretty errors quote the line they are about, which may hold a secret.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined) => Math.max(1, lines.linePos(offset ?? 0).line);
  const errors = document.errors.map((error) => ({
    line: lineAt(error.pos[0]),
    message: `not valid YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`,
  }));
  if (errors.length > 0) {
    return unreadable(errors);
  }
  const expanded = expandScalars(document, (value, offset, path) =>
    expand(value, { line: lineAt(offset), path }),
  );
  const content = contentOf(document);
  if (content === undefined) {
    return unreadable([
      { line: 1, message: "not valid YAML: an alias without anchor, or far too many aliases" },
    ]);
  }
  return {
    content,
    errors: [],
    lineOf: (path) => lineAt(locate(document, path).offset),
    isExpanded: (path) => {
      const { node, depth } = locate(document, path);
      return depth === path.length && node !== undefined && expanded.has(node);
    },
  };
}

/** Plain values of a document; undefined if its aliases lead nowhere or multiply. */
function contentOf(document: Document): unknown {
  try {
    return withoutNulls(document.toJS({ maxAliasCount: 100 })) ?? {};
  } catch {
    return undefined;
  }
}

function unreadable(errors: YamlDocument["errors"]): YamlDocument {
  return { content: {}, errors, lineOf: () => 1, isExpanded: () => false };
}

function expandScalars(
  document: Document,
  expand: (value: string, offset: number | undefined, path: Path) => string,
): ReadonlySet<unknown> {
  const expanded = new Set<unknown>();
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string") {
        return;
      }
      const value = expand(node.value, node.range?.[0], pathOf([...ancestors, node]));
      if (value !== node.value) {
        node.value = value;
        expanded.add(node);
      }
    },
  });
  return expanded;
}

/** Path of the last of a chain of nodes, each the parent of the next. */
function pathOf(chain: readonly unknown[]): Path {
  const path: PropertyKey[] = [];
  for (const [index, node] of chain.entries()) {
    if (isPair(node)) {
      path.push(String(isScalar(node.key) ? node.key.value : node.key));
    } else if (isSeq(node)) {
      path.push(node.items.indexOf(chain[index + 1]));
    }
  }
  return path;
}

interface Place {
  offset: number | undefined;
  node: unknown;
  /** Steps of the path that exist. */
  depth: number;
}

function locate(document: Document, path: Path): Place {
  let place: Place = { offset: document.contents?.range?.[0], node: document.contents, depth: 0 };
  for (const step of path) {
    const next = stepInto(document, place.node, step);
    if (next === undefined) {
      break;
    }
    place = { ...next, depth: place.depth + 1 };
  }
  return place;
}

function stepInto(document: Document, from: unknown, step: PropertyKey): Omit<Place, "depth"> | undefined {
  const node = isAlias(from) ? from.resolve(document) : from;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
    return pair && { offset: (pair.key as Node).range?.[0], node: pair.value };
  }
  const item = isSeq(node) ? node.items[Number(step)] : undefined;
  return item === undefined ? undefined : { offset: (item as Node).range?.[0], node: item };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}
