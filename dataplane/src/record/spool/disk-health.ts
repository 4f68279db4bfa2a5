import type { Logger } from "../../telemetry/log.ts";
import type { StoreRefusal } from "../record-store.ts";
import type { Ballast } from "./ballast.ts";

export interface DiskHealthOptions {
  readonly ballast: Ballast;
  readonly log: Logger;
  /** Writes what failed before, again. True if that worked. */
  readonly probe: () => Promise<boolean>;
}

const retryMs = 1_000;
const fullCodes = new Set(["ENOSPC", "EDQUOT"]);

/** Knows whether the disk takes what is written to it, and tries again while it does not. */
export class DiskHealth {
  readonly #options: DiskHealthOptions;
  #problem: StoreRefusal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: DiskHealthOptions) {
    this.#options = options;
  }

  /** Undefined if the disk works. */
  get problem(): StoreRefusal | undefined {
    return this.#problem;
  }

  /** A write failed. Where the disk is full the ballast is given up: true if it is worth while to try again at once. */
  broke(error: unknown): boolean {
    const problem = describe(error);
    if (this.#problem?.reason !== problem.reason)
      this.#options.log.error({ reason: problem.reason }, "the spool cannot be written");
    this.#problem = problem;
    this.#timer ??= setTimeout(() => this.#retry(), retryMs).unref();
    return problem.code === "spool_full" && this.#options.ballast.release();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#probing;
    clearTimeout(this.#timer);
    this.#options.ballast.release();
  }

  #retry(): void {
    this.#timer = undefined;
    this.#probing = this.#probe();
  }

  async #probe(): Promise<void> {
    // While it fails it is `broke` that sets the next try, with what is wrong now.
    if (!(await this.#options.probe())) return;
    try {
      this.#options.ballast.restore();
      this.#problem = undefined;
      this.#options.log.info("the spool can be written again");
    } catch (error) {
      this.broke(error);
    }
  }
}

function describe(error: unknown): StoreRefusal {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  return fullCodes.has(code)
    ? { code: "spool_full", reason: `the disk of the spool is full (${code})` }
    : { code: "spool_unavailable", reason: `the spool cannot be written (${code})` };
}
