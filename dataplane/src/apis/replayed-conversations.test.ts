import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelAnswer, Part } from "../../../sdk/src/testing/answer.ts";
import { text, thinking, toolCall } from "../../../sdk/src/testing/parts.ts";
import { streamedCompletion } from "../../../test/support/client-answers/chat.ts";
import { streamedMessage } from "../../../test/support/client-answers/messages.ts";
import { serveTurns } from "../../../test/support/serve-turns.ts";
import { StrictAnswers } from "../../../test/support/strict-answers.ts";
import { apis } from "./index.ts";

const central = "bmcp_wiki_read";
const tools = [{ id: central, description: "", inputSchema: { type: "object" } }];

/** What the model does in one turn, in this order; the last turn of an answer is one without central calls alone. */
type Act = "think" | "say" | "central" | "client";
const thoughts = fc.array(fc.constantFrom<Act>("think", "say"), { maxLength: 2 });
const loopTurn = fc
  .tuple(thoughts, thoughts)
  .map(([before, between]): Act[] => [...before, "central", ...between, "central"]);
/** What a turn ends with that is the answer's last. */
const endings: Record<"messages" | "chat", Act[][]> = {
  // One that is cut short in its thoughts says nothing.
  messages: [["say"], ["client"], ["central", "client"], ["client", "think", "central"], ["think"]],
  chat: [["say"], ["client"], ["central", "client"], ["client", "think", "central"]],
};
/** The turns of each answer of one conversation. */
const conversationsIn = (name: keyof typeof endings) => {
  const lastTurn = fc
    .tuple(thoughts, fc.constantFrom(...endings[name]))
    .map(([before, acts]): Act[] => [...before, ...acts]);
  const answer = fc.tuple(fc.array(loopTurn, { maxLength: 3 }), lastTurn);
  return fc.array(
    answer.map(([loop, last]) => [...loop, last]),
    { minLength: 1, maxLength: 4 },
  );
};

function answerOf(acts: readonly Act[], id: string): ModelAnswer {
  const parts: Record<Act, (position: number) => Part> = {
    think: (position) => thinking(`Thought ${id}.${position}`),
    say: (position) => text(`Words ${id}.${position}`),
    central: (position) => toolCall(central, {}, { id: `call_${id}_${position}` }),
    client: (position) => toolCall("shell", { command: "ls" }, { id: `call_${id}_${position}` }),
  };
  return { id: `msg_${id}`, content: acts.map((act, position) => parts[act](position)) };
}

// biome-ignore lint/suspicious/noExplicitAny: documents of two APIs
type Document = any;

const clients = {
  messages: {
    read: (body: string, stream: boolean): Document => (stream ? streamedMessage(body) : JSON.parse(body)),
    /** What the client adds to the conversation: what it saw, and results of its calls or the user's words. */
    goesOn: ({ content }: Document) => {
      const calls = content.filter(({ type }: Document) => type === "tool_use");
      const results = calls.map(({ id }: Document) => ({
        type: "tool_result",
        tool_use_id: id,
        content: "ok",
      }));
      const next = results.length > 0 ? results : "Go on.";
      return [
        { role: "assistant", content },
        { role: "user", content: next },
      ];
    },
  },
  chat: {
    read: (body: string, stream: boolean): Document => (stream ? streamedCompletion(body) : JSON.parse(body)),
    goesOn: ({ choices: [{ message }] }: Document) => {
      const results = (message.tool_calls ?? []).map(({ id }: Document) => ({
        role: "tool",
        tool_call_id: id,
        content: "ok",
      }));
      return [message, ...(results.length > 0 ? results : [{ role: "user", content: "Go on." }])];
    },
  },
};

test.each([
  ["messages", true],
  ["messages", false],
  ["chat", true],
  ["chat", false],
] as const)(
  "a client of %s that repeats what it saw is never refused for good (stream: %s)",
  (name, stream) => {
    const api = apis[name];
    const client = clients[name];
    fc.assert(
      fc.property(conversationsIn(name), (answers) => {
        const provider = new StrictAnswers(name);
        let messages: object[] = [{ role: "user", content: "Go." }];
        for (const [index, turns] of answers.entries()) {
          const bytes = Buffer.from(JSON.stringify({ model: "m", stream, messages }));
          const conversation = api.withTools(api.readRequest(bytes), tools);
          if (conversation === undefined) throw new Error("no tools went in");
          const served = serveTurns(conversation, {
            api: name,
            answers: turns.map((acts, turn) => provider.answer(answerOf(acts, `${index}_${turn}`))),
          });
          expect(served.ends).toHaveLength(turns.length);
          // No thought has lost what it was bound to.
          expect(conversation.betas ?? []).toEqual([]);
          messages = [...messages, ...client.goesOn(client.read(served.body, stream))];
        }
      }),
      { numRuns: 150 },
    );
  },
);
