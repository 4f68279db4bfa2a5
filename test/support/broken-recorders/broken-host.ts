import type { FaithfulHost } from "./faithful-host.ts";

/** A recorder that breaks a rule on purpose. */
export interface BrokenHost {
  /** What it does wrong: "it answers an empty batch with nothing". */
  readonly fault: string;
  /** Ids of all requirements that find the fault, sorted. */
  readonly breaks: readonly string[];
  /** Requirements to check it against; default: all. */
  readonly only?: readonly string[];
  /** A new one. */
  readonly make: () => FaithfulHost;
}
