/** What is read of a CPU profile in the format of Chrome's DevTools (`node --cpu-prof`). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Node ids, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[];
}

/** A place in the tree of calls. */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  /** Ids of what it called. */
  readonly children?: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  /** Empty for what is built into Node and V8. */
  readonly url: string;
  /** Counts from 0. */
  readonly lineNumber: number;
}

/** Something that took time itself, without what it called. */
export interface Cost {
  /** A function, "relay dataplane/src/loop/relay.ts:41", or a part, "dataplane/src/loop". */
  readonly name: string;
  readonly selfMs: number;
  /** Part of all time the process was not idle, 0 to 1. */
  readonly share: number;
}

/** What V8 shows as functions but is waiting. */
const WAITING = new Set(["(idle)", "(program)"]);

/** The functions with most time of their own, dearest first. Paths are shown relative to `root`, a file: URL. */
export function dearestFunctions(profile: CpuProfile, root: string, top: number): Cost[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, functionName(callFrame, root)]));
  return dearest(profile, names).slice(0, top);
}

/**
 * The time of each folder of sources, each package and each module of Node, dearest first. What is built in counts
 * where it was called from.
 */
export function dearestParts(profile: CpuProfile, root: string): Cost[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const names = new Map<number, string>();
  const visit = (node: ProfileNode, caller: string) => {
    const name = node.callFrame.url === "" ? caller : partName(node.callFrame.url, root);
    names.set(node.id, caller === "" && name === "" ? node.callFrame.functionName : name);
    for (const child of node.children ?? []) {
      const called = nodes.get(child);
      if (called !== undefined) visit(called, name);
    }
  };
  const called = new Set(profile.nodes.flatMap(({ children }) => children ?? []));
  for (const node of profile.nodes) if (!called.has(node.id)) visit(node, "");
  return dearest(profile, names);
}

/** Adds up the samples of all nodes of the same name. */
function dearest(profile: CpuProfile, names: ReadonlyMap<number, string>): Cost[] {
  const waiting = new Set(
    profile.nodes.filter(({ callFrame }) => WAITING.has(callFrame.functionName)).map(({ id }) => id),
  );
  const micros = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id);
    if (name === undefined || waiting.has(id)) continue;
    const delta = profile.timeDeltas[index] ?? 0;
    micros.set(name, (micros.get(name) ?? 0) + delta);
    busy += delta;
  }
  return [...micros]
    .sort(([, a], [, b]) => b - a)
    .map(([name, self]) => ({ name, selfMs: self / 1000, share: self / busy }));
}

function functionName({ functionName, url, lineNumber }: CallFrame, root: string): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${relative(url, root)}:${lineNumber + 1}`;
}

/** "node:http", "node_modules/undici", "dataplane/src/loop". */
function partName(url: string, root: string): string {
  const path = relative(url, root);
  if (path.startsWith("node:")) return path.split("/", 2).join("/");
  const [, inPackage] = path.split("node_modules/");
  if (inPackage === undefined) return path.slice(0, Math.max(path.lastIndexOf("/"), 0)) || path;
  return `node_modules/${inPackage
    .split("/")
    .slice(0, inPackage.startsWith("@") ? 2 : 1)
    .join("/")}`;
}

function relative(url: string, root: string): string {
  return url.startsWith(root) ? url.slice(root.length) : url;
}
