import type { StoreCheck } from "../../support/mixed-traffic/check-stored.ts";
import type { Refusal } from "../../support/spool-trial.ts";

/** What was seen, for people, and what is wrong with it. */
export interface Findings {
  readonly figures: Readonly<Record<string, string | number>>;
  readonly problems: readonly string[];
}

/** Collects what does not hold. */
export class Expectations {
  readonly problems: string[] = [];

  hold(condition: boolean, otherwise: string): void {
    if (!condition) this.problems.push(otherwise);
  }

  refused({ status, code, retryAfter }: Refusal, expected: string): void {
    this.hold(status === 503 && code === expected, `refused with ${status} ${code}, not 503 ${expected}`);
    this.hold(retryAfter > 0, "a refusal says nothing of when to retry");
  }

  stored(check: StoreCheck): void {
    this.problems.push(...check.problems);
  }
}
