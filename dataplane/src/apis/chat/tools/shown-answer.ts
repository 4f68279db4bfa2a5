import type { JsonObject } from "../../../json/json-object.ts";
import type { MemberEdit } from "../../../json/rewrite-members.ts";
import { ShownIdentity } from "./shown-identity.ts";
import { ShownUsage } from "./shown-usage.ts";
import type { Turn } from "./turn.ts";

/** The one answer that the client sees of several turns. */
export class ShownAnswer {
  readonly usage = new ShownUsage();
  readonly identity = new ShownIdentity();
  #turns = 0;
  #hasRole = false;
  /** True once a call of a turn that is over was kept from the client. */
  #isHiding = false;

  /** A turn begins. @param before the turn before it */
  begin(before: Turn | undefined): void {
    this.#turns++;
    this.usage.begin();
    if (before?.isHiding) this.#isHiding = true;
  }

  get isFirstTurn(): boolean {
    return this.#turns === 1;
  }

  /** Takes the names of a chunk, or of the whole answer: the first turn's are the client's. */
  learn(chunk: JsonObject): void {
    if (this.isFirstTurn) this.identity.learn(chunk);
  }

  /** What becomes of a member of a chunk, or of the whole answer, that names the answer. */
  editIdentity(name: string): MemberEdit {
    return this.isFirstTurn ? undefined : this.identity.edit(name);
  }

  /** What becomes of a member of a delta, or of a message. */
  editMember(name: string, turn: Turn): MemberEdit {
    // Signed thoughts are bound to all that came before them, which the client does not have any more.
    return name === "reasoning_details" && (this.#isHiding || turn.isHiding) ? null : undefined;
  }

  /** What becomes of the `role` of a delta: the client is told once. */
  editRole(): MemberEdit {
    const isKnown = this.#hasRole && !this.isFirstTurn;
    this.#hasRole = true;
    return isKnown ? null : undefined;
  }
}
