import type { Interception, RecorderFunctions, TokenUsage } from "@aibridge/dataplane";

/** One row of the usage report. */
export interface UsageRow {
  readonly user: string;
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Where this host keeps records. It keeps them in memory: a real one writes them to its database, and resolves when they
 * are safe there. A record may arrive twice, so each is kept under its id.
 */
export class UsageLedger implements RecorderFunctions {
  readonly #interceptions = new Map<string, Interception>();
  readonly #usages = new Map<string, TokenUsage>();

  async recordInterception(interception: Interception): Promise<void> {
    this.#interceptions.set(interception.id, interception);
  }

  async recordTokenUsage(usage: TokenUsage): Promise<void> {
    this.#usages.set(usage.id, usage);
  }

  // This host only bills: ends, prompts, tool calls and thoughts are not kept.
  async recordInterceptionEnded(): Promise<void> {}
  async recordPromptUsage(): Promise<void> {}
  async recordToolUsage(): Promise<void> {}
  async recordModelThought(): Promise<void> {}

  /** Who used how much of which model. */
  report(): UsageRow[] {
    const rows = new Map<string, UsageRow>();
    for (const usage of this.#usages.values()) {
      const interception = this.#interceptions.get(usage.interceptionId);
      if (interception === undefined) continue;
      const { initiatorId: user, model } = interception;
      const row = rows.get(`${user} ${model}`);
      rows.set(`${user} ${model}`, {
        user,
        model,
        requests: (row?.requests ?? 0) + 1,
        inputTokens: (row?.inputTokens ?? 0) + Number(usage.inputTokens),
        outputTokens: (row?.outputTokens ?? 0) + Number(usage.outputTokens),
      });
    }
    return [...rows.values()];
  }
}
