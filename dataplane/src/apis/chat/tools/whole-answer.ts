import { JsonObject } from "../../../json/json-object.ts";
import { type MemberEdit, rewriteMembers } from "../../../json/rewrite-members.ts";
import { ReceivedObject } from "./received-value.ts";
import type { ShownAnswer } from "./shown-answer.ts";
import type { Turn } from "./turn.ts";

/** The answer that the client sees of turns that each came as a whole. */
export class WholeAnswer {
  readonly #shown: ShownAnswer;
  /** What the client sees of the turns' messages, put together as if they were deltas of one. */
  readonly #message = new ReceivedObject();

  constructor(shown: ShownAnswer) {
    this.#shown = shown;
  }

  /** Takes the next turn's answer; returns what the client gets if it was the last one. */
  add(answer: JsonObject, turn: Turn): Buffer {
    this.#shown.learn(answer);
    turn.messageId = answer.string("id") ?? "";
    const choices = this.#choices(answer, turn);
    const usage = this.#usage(answer);
    const text = rewriteMembers(answer, (name) => {
      if (name === "choices") return choices;
      return name === "usage" ? usage : this.#shown.editIdentity(name);
    });
    return text === undefined ? answer.bytes : Buffer.from(text);
  }

  /** Only one choice was asked for: whatever else comes is not looked into. */
  #choices(answer: JsonObject, turn: Turn): MemberEdit {
    const { bytes } = answer;
    const spans = answer.array("choices");
    const texts = Array.from({ length: spans.length }, (_, at) => {
      const { start, end } = spans.span(at);
      const choice = at === 0 ? JsonObject.tryAt(bytes, start, end) : undefined;
      const edit = choice && this.#choice(choice, turn);
      return { edit, text: edit ?? bytes.toString("utf8", start, end) };
    });
    if (texts.every(({ edit }) => edit === undefined)) return undefined;
    return `[${texts.map(({ text }) => text).join(",")}]`;
  }

  #choice(choice: JsonObject, turn: Turn): MemberEdit {
    const message = choice.object("message");
    const messageEdit = message && this.#merge(message, turn);
    const reason = choice.string("finish_reason") ?? "";
    const shownReason = turn.stop(reason);
    return rewriteMembers(choice, (name) => {
      if (name === "message") return messageEdit;
      return name === "finish_reason" && shownReason !== reason ? JSON.stringify(shownReason) : undefined;
    });
  }

  #merge(message: JsonObject, turn: Turn): MemberEdit {
    const calls = turn.addMessage(message);
    const visible = rewriteMembers(message, (name) =>
      name === "tool_calls" ? calls : this.#shown.editMember(name, turn),
    );
    this.#message.add(visible === undefined ? message : JsonObject.parse(Buffer.from(visible)));
    return this.#shown.isFirstTurn ? visible : this.#message.text();
  }

  #usage(answer: JsonObject): MemberEdit {
    const usage = answer.object("usage");
    this.#shown.usage.set(answer.get("usage"));
    return usage && this.#shown.usage.edit(usage);
  }
}
