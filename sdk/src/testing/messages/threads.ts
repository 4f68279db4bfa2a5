import type { ErrorAnswer } from "../answer.ts";
import type { CheckedRequest } from "../rules.ts";
import { type Block, type Conversation, conversationOf } from "./conversation.ts";

interface Kept {
  readonly conversation: Conversation;
  continued: boolean;
}

/** The conversations that a provider keeps for message threads, by the id of their last message. */
export class Threads {
  readonly #kept = new Map<string, Kept>();

  refusal(thread: unknown): ErrorAnswer | undefined {
    const from = continuedFrom(thread);
    if (from === undefined) return undefined;
    const kept = this.#kept.get(from);
    if (kept === undefined)
      return refused(
        404,
        "not_found_error",
        "thread_not_found",
        `thread: no thread to continue from ${from}`,
      );
    if (!kept.continued) return undefined;
    const message = `thread: ${from} has been continued already`;
    return refused(400, "invalid_request_error", "thread_already_continued", message);
  }

  /** The conversation that a request stands for. */
  whole(members: CheckedRequest["members"]): Conversation {
    const own = conversationOf(members);
    const kept = this.#kept.get(continuedFrom(members.thread) ?? "")?.conversation;
    return kept === undefined
      ? own
      : { ...kept, thinking: own.thinking, messages: [...kept.messages, ...own.messages] };
  }

  answered(members: CheckedRequest["members"], message: Readonly<Record<string, unknown>>): void {
    if (!members.thread) return;
    const { messages, ...rest } = this.whole(members);
    const before = this.#kept.get(continuedFrom(members.thread) ?? "");
    if (before !== undefined) before.continued = true;
    const said = { role: "assistant", content: message.content as readonly Block[] };
    this.#kept.set(String(message.id), {
      conversation: { ...rest, messages: [...messages, said] },
      continued: false,
    });
  }
}

function continuedFrom(thread: unknown): string | undefined {
  if (typeof thread !== "object" || thread === null || !("previous_message_id" in thread)) return undefined;
  return String(thread.previous_message_id);
}

function refused(status: number, type: string, code: string, message: string): ErrorAnswer {
  return { error: { status, type, message, details: { error_code: code } } };
}
