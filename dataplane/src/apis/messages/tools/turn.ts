import type { CentralCall, NotRunReason, TurnEnd } from "../../tool-conversation.ts";
import type { ReceivedBlock } from "./received-block.ts";

/** What a block of an answer is to the client. */
export type BlockFate = "visible" | "hidden";

/** One answer of the provider, as far as the loop must know it. */
export class Turn {
  readonly #toolIds: ReadonlySet<string>;
  /** True if the provider was forbidden to call tools: a call that it makes all the same is never run. */
  readonly #last: boolean;
  /** True once a call was hidden, in this turn or one before. */
  #hiding: boolean;
  readonly #blocks: ReceivedBlock[] = [];
  readonly #calls: ReceivedBlock[] = [];
  #clientCalls = 0;
  #stopReason: string | undefined;
  messageId = "";

  constructor(toolIds: ReadonlySet<string>, { hiding, last }: { hiding: boolean; last: boolean }) {
    this.#toolIds = toolIds;
    this.#hiding = hiding;
    this.#last = last;
  }

  /** True if something of the conversation is not what the client sees. */
  get hiding(): boolean {
    return this.#hiding;
  }

  /** Takes the next block, which may still grow. */
  add(block: ReceivedBlock): BlockFate {
    this.#blocks.push(block);
    if (block.type === "fallback") {
      // Another model took over: calls before it are not to be answered.
      this.#calls.length = 0;
      this.#clientCalls = 0;
    }
    if (block.type === "tool_use") {
      if (this.#toolIds.has(block.name) && !block.isOfToolset) {
        this.#calls.push(block);
        this.#hiding = true;
        return "hidden";
      }
      this.#clientCalls++;
    }
    // A thought is bound to all that came before it, which the client does not have any more.
    const isThought = block.type === "thinking" || block.type === "redacted_thinking";
    return isThought && this.#hiding ? "hidden" : "visible";
  }

  /** @param reason undefined in an event that says nothing of it */
  stop(reason: string | undefined): void {
    this.#stopReason = reason ?? this.#stopReason;
  }

  get next(): TurnEnd["next"] {
    if (this.#last) return "client";
    if (this.#stopReason === "pause_turn") return this.#hiding ? "resume" : "client";
    const run = this.#stopReason === "tool_use" && this.#calls.length > 0 && this.#clientCalls === 0;
    return run ? "calls" : "client";
  }

  get notRun(): NotRunReason {
    if (this.#stopReason === "tool_use" && this.#clientCalls > 0) return "not_run_mixed_turn";
    return this.#last ? "not_run_turn_limit" : "not_run_incomplete";
  }

  /** What the client is told instead of the stop reason, where it would wait for calls that it does not have. */
  get shownStopReason(): string | undefined {
    return this.#stopReason === "tool_use" && this.#clientCalls === 0 && this.#calls.length > 0
      ? "end_turn"
      : undefined;
  }

  get calls(): CentralCall[] {
    return this.#calls.map((block) => ({
      messageId: this.messageId,
      callId: block.id,
      toolId: block.name,
      input: block.input,
    }));
  }

  /** The `caller` of each call as raw JSON, "" if it has none. */
  get callers(): string[] {
    return this.#calls.map((block) => block.raw("caller"));
  }

  /** All blocks as received, as elements of a JSON array. */
  content(): string {
    return this.#blocks
      .map((block) => block.text())
      .filter((text) => text !== "")
      .join(",");
  }
}
