import { listOf } from "../rules.ts";

/** A content block of a request, as it came. */
export interface Block {
  readonly type: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly data?: string;
}

export interface Message {
  readonly role: string;
  readonly content?: string | readonly Block[];
}

/** All that a model is asked with, whoever kept it. */
export interface Conversation {
  readonly system: unknown;
  readonly tools: unknown;
  /** How the model is to think: "enabled" for a budget. */
  readonly thinking: unknown;
  readonly messages: readonly Message[];
}

/** A block and where it stands, as errors name the place. */
export interface PlacedBlock {
  readonly role: string;
  readonly block: Block;
  /** Of its message. */
  readonly index: number;
  readonly path: string;
}

export function conversationOf(members: Readonly<Record<string, unknown>>): Conversation {
  const { system, tools, messages } = members;
  return { system, tools, thinking: thinkingOf(members).type, messages: listOf<Message>(messages) };
}

/** What a request says of thinking; empty if nothing. */
export function thinkingOf({
  thinking,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof thinking === "object" && thinking !== null ? { ...thinking } : {};
}

/** The blocks of a message; a text alone is one. */
export function contentOf({ content }: Message): readonly Block[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : listOf<Block>(content);
}

/** All blocks of all messages. */
export function blocksIn({ messages }: Conversation): PlacedBlock[] {
  return messages.flatMap((message, index) =>
    contentOf(message).map((block, position) => ({
      role: message.role,
      block,
      index,
      path: `messages.${index}.content.${position}`,
    })),
  );
}
