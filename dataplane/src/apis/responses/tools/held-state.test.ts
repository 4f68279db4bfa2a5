import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelAnswer, Part } from "../../../../../sdk/src/testing/answer.ts";
import { text, thinking, toolCall } from "../../../../../sdk/src/testing/parts.ts";
import { readEvents } from "../../../../../sdk/src/testing/read-events.ts";
import { serveTurns } from "../../../../../test/support/serve-turns.ts";
import { StrictAnswers } from "../../../../../test/support/strict-answers.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";
import { LooseReasoningMemory } from "./loose-reasoning-memory.ts";
import { ResponseAliasMemory } from "./response-aliases.ts";

const central = "bmcp_wiki_read";
const tools = [{ id: central, description: "", inputSchema: { type: "object" } }];

/** What the model does in one turn. */
type Act = "central" | "client" | "mixed" | "text";

/** What the model does until it is the client's turn, each time that the client asks. */
const exchanges = fc.array(
  fc.record({
    centralTurns: fc.integer({ min: 0, max: 2 }),
    last: fc.constantFrom<Act>("text", "client", "mixed"),
    /** How many thoughts come before the first part, and before each further one. */
    thoughts: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 1 })),
  }),
  { minLength: 1, maxLength: 4 },
);
/** A client that says something of `store` repeats everything. */
const states = fc.constantFrom(
  {},
  { store: true },
  { store: false, include: ["reasoning.encrypted_content"] },
  { conversation: "conv_1" },
);

function partsOf(act: Act, [first, further]: readonly [number, number], turn: number): Part[] {
  const call = (name: string, which: string) => toolCall(name, {}, { id: `call_${turn}_${which}` });
  const acts = {
    central: [call(central, "a"), call(central, "b")],
    client: [call("shell", "c")],
    mixed: [call(central, "a"), call("shell", "c"), call(central, "b")],
    text: [text(`Turn ${turn}.`)],
  };
  return acts[act].flatMap((part, position) => [
    ...Array.from({ length: position === 0 ? first : further }, () => thinking("Hm.")),
    part,
  ]);
}

/** A client that goes on as its SDK would: from the id it knows, from its conversation, or by repeating everything. */
class Client {
  readonly #state: { readonly store?: boolean; readonly conversation?: string };
  #items: object[] = [];
  #previous: string | undefined;

  constructor(state: { readonly store?: boolean; readonly conversation?: string }) {
    this.#state = state;
  }

  request(stream: boolean): object {
    const input = this.#items.length === 0 ? "Go." : this.#items;
    const previous = this.#previous && { previous_response_id: this.#previous };
    return { model: "gpt-test", input, stream, ...this.#state, ...previous };
  }

  // biome-ignore lint/suspicious/noExplicitAny: responses of many shapes
  take(response: any): void {
    const holdsAll = this.#state.store !== undefined;
    // biome-ignore lint/suspicious/noExplicitAny: items of many shapes
    const calls = response.output.filter((item: any) => item.type === "function_call");
    // biome-ignore lint/suspicious/noExplicitAny: items of many shapes
    const outputs = calls.map(({ call_id }: any) => ({
      type: "function_call_output",
      call_id,
      output: "ok",
    }));
    const next = outputs.length > 0 ? outputs : [{ type: "message", role: "user", content: "Go on." }];
    if (holdsAll && this.#items.length === 0)
      this.#items.push({ type: "message", role: "user", content: "Go." });
    this.#items = holdsAll ? [...this.#items, ...response.output, ...next] : next;
    if (!holdsAll && this.#state.conversation === undefined) this.#previous = response.id;
  }
}

test("whatever the model calls, every request is one that the provider takes", () => {
  fc.assert(
    fc.property(states, exchanges, fc.boolean(), fc.boolean(), (state, plan, stream, remembers) => {
      const provider = new StrictAnswers("responses");
      const client = new Client(state);
      let memory = { aliases: new ResponseAliasMemory(), reasoning: new LooseReasoningMemory() };
      let turn = 0;
      for (const { centralTurns, last, thoughts } of plan) {
        // An output for a call in a response whose id the client does not know needs the memory.
        const needsMemory = stream && Object.keys(state).length === 0 && last !== "text";
        const before = needsMemory && !remembers ? 0 : centralTurns;
        const acts: Act[] = [...Array.from({ length: before }, () => "central" as const), last];
        const answers = acts.map((act): ModelAnswer & { readonly id: string } => {
          turn += 1;
          return { id: `resp_${turn}`, content: partsOf(act, thoughts, turn) };
        });
        const request = readRequest(Buffer.from(JSON.stringify(client.request(stream))));
        const conversation = withTools(request, tools, {
          aliases: memory.aliases.of("alice"),
          reasoning: memory.reasoning.of("alice"),
        });
        if (conversation === undefined) throw new Error("no tools went in");
        const served = serveTurns(conversation, {
          api: "responses",
          answers: answers.map((answer) => provider.answer(answer)),
        });
        expect(served.ends).toHaveLength(acts.length);
        expect(served.body).not.toContain("bmcp");
        client.take(
          stream ? JSON.parse(readEvents(served.body).at(-1)?.data ?? "").response : JSON.parse(served.body),
        );
        // Another replica knows nothing of it.
        if (!remembers)
          memory = { aliases: new ResponseAliasMemory(), reasoning: new LooseReasoningMemory() };
      }
      if (remembers) expect(provider.refusals).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
