import type { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import type { CreatedResponse } from "../error-body.ts";
import { withoutEncrypted } from "./encrypted-reasoning.ts";
import { ShownUsage } from "./shown-usage.ts";
import type { AnswerKind } from "./spelled-tools.ts";
import { removeEcho } from "./tool-echo.ts";

export interface ShownAnswerOptions {
  /** The client's own request. */
  readonly request: JsonObject;
  readonly toolIds: ReadonlySet<string>;
  /** True if encrypted reasoning is not for the client. */
  readonly hidesEncrypted: boolean;
}

/** What the client gets to see of all turns together. */
export class ShownAnswer {
  readonly #options: ShownAnswerOptions;
  readonly #usage = new ShownUsage();
  /** The complete items by their place in the client's output, as JSON texts. */
  readonly #items: string[] = [];
  #places = 0;
  #turns = 0;
  #kind: AnswerKind = "stream";
  /** What the stream's first event said; undefined for a whole answer. */
  created: CreatedResponse | undefined;
  /** True once the client's output is not that of a single turn. */
  differs = false;

  constructor(options: ShownAnswerOptions) {
    this.#options = options;
  }

  get toolIds(): ReadonlySet<string> {
    return this.#options.toolIds;
  }

  get hidesEncrypted(): boolean {
    return this.#options.hidesEncrypted;
  }

  /** True if the turn under way is the first one. */
  get isFirstTurn(): boolean {
    return this.#turns === 1;
  }

  /** A turn begins. */
  begin(kind: AnswerKind): void {
    this.#kind = kind;
    this.#turns += 1;
    if (this.#turns > 1) this.differs = true;
  }

  /** The place of the next item that the client sees. */
  nextPlace(): number {
    return this.#places++;
  }

  /** Takes a complete item that the client sees. */
  show(place: number, item: JsonObject): void {
    const text = this.hidesEncrypted
      ? withoutEncrypted(item)
      : item.bytes.toString("utf8", item.start, item.end);
    this.#items[place] = text;
  }

  addUsage(usage: unknown): void {
    this.#usage.add(usage);
  }

  /** Makes of a response, finished or not, what the client would have got for its own request. */
  restore(edits: JsonEdits, response: JsonObject): void {
    const { request, toolIds } = this.#options;
    removeEcho(edits, response, toolIds, this.#kind);
    this.#restoreMember(
      edits,
      response,
      "previous_response_id",
      request.raw("previous_response_id") || "null",
    );
    if (this.hidesEncrypted)
      this.#restoreMember(edits, response, "include", request.raw("include") || "null");
    if (!this.isFirstTurn)
      this.#restoreMember(edits, response, "tool_choice", request.raw("tool_choice") || '"auto"');
  }

  /** Makes of the last turn's response that of all turns. */
  complete(edits: JsonEdits, response: JsonObject): void {
    this.restore(edits, response);
    if (this.created !== undefined && this.created.id !== response.string("id")) {
      edits.set(response, "id", JSON.stringify(this.created.id));
      if (this.created.createdAt > 0) edits.set(response, "created_at", String(this.created.createdAt));
    }
    // An error in place of a response has neither.
    if ((this.differs || this.hidesEncrypted) && response.member("output") !== undefined)
      edits.set(response, "output", `[${this.#items.filter((item) => item !== undefined).join(",")}]`);
    if (!this.isFirstTurn && response.member("usage") !== undefined)
      edits.set(response, "usage", JSON.stringify(this.#usage.shown()));
  }

  #restoreMember(edits: JsonEdits, response: JsonObject, name: string, value: string): void {
    const span = response.member(name);
    if (span !== undefined && response.raw(name) !== value) edits.replace(span, value);
  }
}
