import type { ObservedError } from "../../observation.ts";
import type { ToolConversationOptions } from "../../tool-conversation.ts";
import {
  bindingBeta,
  droppingLooseThoughts,
  isOfDropping,
  isOfLooseThoughts,
  type LooseThoughts,
} from "./loose-thoughts.ts";
import { withoutTrailingThoughts } from "./trailing-thoughts.ts";

/**
 * What one request says of thoughts that do not fit into its conversation: nothing at first, and that they are to be left
 * out once the provider has refused them. Those that turns end with are left out here.
 */
export class ThoughtBinding {
  readonly #enabled: boolean;
  readonly #conversation: LooseThoughts;
  #tried = false;
  #drops = false;
  /** The request before it was changed, as long as nobody has taken the changed one. */
  #unchanged: Buffer | undefined;

  constructor({ thoughts = { known: false }, rules }: ToolConversationOptions) {
    this.#conversation = thoughts;
    this.#enabled = rules?.dropsLooseThoughts !== false;
  }

  /** What the request needs in its header anthropic-beta. */
  get betas(): readonly string[] {
    return this.#drops ? [bindingBeta] : [];
  }

  /** The first request, changed at once where the conversation is known to need it. */
  begin(request: Buffer): Buffer {
    return (this.#enabled && this.#conversation.known && this.#change(request)) || request;
  }

  /** The provider took the request: what refuses a later one is not the change. */
  taken(): void {
    this.#unchanged = undefined;
  }

  /** The request as it is worth another try after this refusal; undefined if it is not. */
  amend(request: Buffer, error: ObservedError): Buffer | undefined {
    if (!this.#enabled) return undefined;
    const withoutTrailing = withoutTrailingThoughts(request, error);
    if (withoutTrailing !== undefined) return withoutTrailing;
    if (this.#drops) return isOfDropping(error) ? this.#changeBack() : undefined;
    const changed = isOfLooseThoughts(error) ? this.#change(request) : undefined;
    this.#conversation.known ||= changed !== undefined;
    return changed;
  }

  #change(request: Buffer): Buffer | undefined {
    const changed = this.#tried ? undefined : droppingLooseThoughts(request);
    if (changed === undefined) return undefined;
    this.#tried = true;
    this.#drops = true;
    this.#unchanged = request;
    return changed;
  }

  /** The client is to see the refusal of its own request, not of what was added to it. */
  #changeBack(): Buffer | undefined {
    const unchanged = this.#unchanged;
    if (unchanged === undefined) return undefined;
    this.#unchanged = undefined;
    this.#drops = false;
    this.#conversation.known = false;
    return unchanged;
  }
}
