/** Recorders that break a rule on purpose, and the one that keeps them all. */
import { brokenCalls } from "./broken-calls.ts";
import { brokenChannels } from "./broken-channels.ts";
import { brokenContents } from "./broken-contents.ts";
import type { BrokenHost } from "./broken-host.ts";
import { brokenLookUps } from "./broken-look-ups.ts";
import { brokenRejections } from "./broken-rejections.ts";
import { brokenRepetitions } from "./broken-repetitions.ts";
import { brokenStores } from "./broken-stores.ts";
import { brokenStreams } from "./broken-streams.ts";

export type { BrokenHost } from "./broken-host.ts";
export { FindingHost } from "./broken-look-ups.ts";
export { FaithfulHost, HOST_KEY } from "./faithful-host.ts";
export { startHost } from "./start-host.ts";

/** Every broken recorder. Each fault is found by at least one requirement, and each requirement finds at least one. */
export const brokenHosts: readonly BrokenHost[] = [
  ...brokenChannels,
  ...brokenCalls,
  ...brokenStreams,
  ...brokenRepetitions,
  ...brokenRejections,
  ...brokenContents,
  ...brokenStores,
  ...brokenLookUps,
];
