import { expect, test } from "vitest";
import { type CpuProfile, dearestFunctions, dearestParts } from "./profile.ts";

const root = "file:///repo/";

function frame(functionName: string, url = "", line = 0) {
  return { functionName, url, lineNumber: line - 1 };
}

const relay = frame("relay", `${root}dataplane/src/loop/relay.ts`, 41);
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 3, 4, 6] },
    { id: 2, callFrame: frame("(idle)") },
    { id: 3, callFrame: frame("(garbage collector)") },
    { id: 4, callFrame: frame("", "node:net", 10), children: [5] },
    { id: 5, callFrame: relay, children: [7, 8] },
    { id: 6, callFrame: relay },
    { id: 7, callFrame: frame("writev") },
    { id: 8, callFrame: frame("encode", `${root}node_modules/@scope/codec/dist/encode.js`, 3) },
  ],
  samples: [2, 3, 4, 5, 6, 7, 8],
  timeDeltas: [90_000, 3000, 1000, 2000, 1000, 2000, 1000],
};

test("the same function in several places of the tree is one, and idling costs nothing", () => {
  expect(dearestFunctions(profile, root, 10)).toEqual([
    { name: "(garbage collector)", selfMs: 3, share: 0.3 },
    { name: "relay dataplane/src/loop/relay.ts:41", selfMs: 3, share: 0.3 },
    { name: "writev", selfMs: 2, share: 0.2 },
    { name: "(anonymous) node:net:10", selfMs: 1, share: 0.1 },
    { name: "encode node_modules/@scope/codec/dist/encode.js:3", selfMs: 1, share: 0.1 },
  ]);
});

test("only the dearest functions are named", () => {
  expect(dearestFunctions(profile, root, 1).map(({ selfMs }) => selfMs)).toEqual([3]);
});

test("parts are folders, packages and modules of Node; what is built in counts where it was called from", () => {
  expect(dearestParts(profile, root)).toEqual([
    { name: "dataplane/src/loop", selfMs: 5, share: 0.5 },
    { name: "(garbage collector)", selfMs: 3, share: 0.3 },
    { name: "node:net", selfMs: 1, share: 0.1 },
    { name: "node_modules/@scope/codec", selfMs: 1, share: 0.1 },
  ]);
});
