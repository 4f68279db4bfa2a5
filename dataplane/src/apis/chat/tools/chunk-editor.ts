import { JsonObject, type Span } from "../../../json/json-object.ts";
import { type MemberEdit, rewriteMembers } from "../../../json/rewrite-members.ts";
import { asIndex } from "../../json-kinds.ts";
import type { ShownAnswer } from "./shown-answer.ts";
import type { Turn } from "./turn.ts";

export interface ChunkEditorOptions {
  readonly turn: Turn;
  readonly shown: ShownAnswer;
}

/** Makes of the chunks of one turn what the client sees of them: only what must differ does. */
export class ChunkEditor {
  readonly #turn: Turn;
  readonly #shown: ShownAnswer;
  /** True if something was taken out of the chunk under way. */
  #isCut = false;
  /** True if something is left in it that the client should know. */
  #says = false;
  #withheldReason: string | undefined;

  constructor({ turn, shown }: ChunkEditorOptions) {
    this.#turn = turn;
    this.#shown = shown;
  }

  /** The finish_reason that was kept from the client, because all calls so far were central; undefined for none. */
  get withheldReason(): string | undefined {
    return this.#withheldReason;
  }

  /** Takes the next chunk; returns what the client gets in its place, `null` for nothing. */
  edit(chunk: JsonObject): MemberEdit {
    this.#isCut = false;
    this.#says = false;
    const choices = this.#choices(chunk);
    const usage = this.#usage(chunk);
    const isKept = choices === undefined && usage === undefined && this.#shown.isFirstTurn;
    const text = isKept ? undefined : this.#rewritten(chunk, choices, usage);
    return this.#isCut && !this.#says ? null : text;
  }

  #rewritten(chunk: JsonObject, choices: MemberEdit, usage: MemberEdit): MemberEdit {
    return rewriteMembers(chunk, (name) => {
      if (name === "choices") return choices;
      return name === "usage" ? usage : this.#shown.editIdentity(name);
    });
  }

  #choices(chunk: JsonObject): MemberEdit {
    const choices = chunk.array("choices");
    const texts: string[] = [];
    let changed = false;
    for (let at = 0; at < choices.length; at++) {
      const { start, end } = choices.span(at);
      const edit = this.#choice(JsonObject.tryAt(chunk.bytes, start, end), at);
      if (typeof edit === "string") changed = true;
      texts.push(edit ?? chunk.bytes.toString("utf8", start, end));
    }
    return changed ? `[${texts.join(",")}]` : undefined;
  }

  /** Only one choice was asked for: whatever else comes is not looked into. */
  #choice(choice: JsonObject | undefined, position: number): MemberEdit {
    if (choice === undefined || (asIndex(choice.get("index")) ?? position) !== 0) {
      this.#says = true;
      return undefined;
    }
    const delta = choice.object("delta");
    const deltaEdit = delta && this.#delta(delta);
    const reasonEdit = this.#finishReason(choice);
    if (deltaEdit === undefined && reasonEdit === undefined) return undefined;
    return rewriteMembers(choice, (name) => {
      if (name === "delta") return deltaEdit;
      return name === "finish_reason" ? reasonEdit : undefined;
    });
  }

  #delta(delta: JsonObject): MemberEdit {
    const calls = this.#turn.addDelta(delta);
    return rewriteMembers(delta, (name, value) => {
      const edit = name === "tool_calls" ? calls : this.#member(name);
      if (edit === null) this.#isCut = true;
      else if (!isEmpty(delta, value)) this.#says = true;
      return edit;
    });
  }

  #member(name: string): MemberEdit {
    return name === "role" ? this.#shown.editRole() : this.#shown.editMember(name, this.#turn);
  }

  #finishReason(choice: JsonObject): MemberEdit {
    const reason = choice.string("finish_reason") ?? "";
    if (reason === "") return undefined;
    const shown = this.#turn.stop(reason);
    if (this.#turn.next === "calls") {
      this.#isCut = true;
      this.#withheldReason = reason;
      return "null";
    }
    this.#says = true;
    this.#withheldReason = undefined;
    return shown === reason ? undefined : JSON.stringify(shown);
  }

  /** The usage of a turn that is not the client's is not shown: that of the last one counts it in. */
  #usage(chunk: JsonObject): MemberEdit {
    const usage = chunk.object("usage");
    if (usage === undefined) return undefined;
    this.#shown.usage.set(chunk.get("usage"));
    if (this.#turn.next === "calls") {
      this.#isCut = true;
      return "null";
    }
    this.#says = true;
    return this.#shown.usage.edit(usage);
  }
}

const nothing = new Set(["null", '""', "[]", "{}"]);

/** True for null and for a text, list or object of nothing. */
function isEmpty({ bytes }: JsonObject, { start, end }: Span): boolean {
  return end - start <= 4 && nothing.has(bytes.toString("latin1", start, end));
}
