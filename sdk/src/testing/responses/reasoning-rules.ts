/** An item of an input or an output, as far as rules look at it. */
export interface Item {
  readonly type?: string;
  readonly id?: string;
  readonly role?: string;
  readonly call_id?: string;
  readonly encrypted_content?: string | null;
}

/** Where an item stood in the answer that it came with. */
interface Origin {
  readonly output: readonly Item[];
  readonly index: number;
  /** True if the provider keeps the answer. */
  readonly stored: boolean;
}

/**
 * What reasoning is bound to: the item it led to follows it, items that it led to do not come without it, and one that the
 * provider did not keep comes with its encrypted content.
 */
export class ReasoningRules {
  /** By id and by encrypted content: clients may leave either out. */
  readonly #origins = new Map<string, Origin>();

  /** @param output the items of an answer */
  produced(output: readonly Item[], stored: boolean): void {
    for (const [index, item] of output.entries())
      for (const key of keysOf(item)) this.#origins.set(key, { output, index, stored });
  }

  /**
   * @param items all that was said
   * @param sent those of them that the request brings itself
   */
  problem(items: readonly Item[], sent: readonly Item[]): string | undefined {
    const lost = sent.find((item) => this.#isLost(item));
    if (lost !== undefined)
      return `Item with id '${lost.id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`;
    const loose = items.find((item, index) => isReasoning(item) && !this.#leadsTo(item, items[index + 1]));
    if (loose !== undefined)
      return `Item '${loose.id ?? "rs_unnamed"}' of type 'reasoning' was provided without its required following item.`;
    return this.#bereft(items);
  }

  #isLost(item: Item): boolean {
    return isReasoning(item) && !item.encrypted_content && this.#originOf(item)?.stored !== true;
  }

  /** What follows has to be of the same answer, and reasoning the very next of it. What is not known may be anybody's. */
  #leadsTo(item: Item, next: Item | undefined): boolean {
    if (next === undefined || !(isReasoning(next) || isOfModel(next))) return false;
    const origin = this.#originOf(item);
    const nextOrigin = this.#originOf(next);
    if (isReasoning(next) && nextOrigin?.index !== (origin?.index ?? Number.NaN) + 1) return false;
    return origin === undefined || nextOrigin === undefined || nextOrigin.output === origin.output;
  }

  /** An item known by its id whose reasoning is not there. */
  #bereft(items: readonly Item[]): string | undefined {
    for (const item of items) {
      const origin = item.id === undefined || isReasoning(item) ? undefined : this.#originOf(item);
      const before = origin?.output.slice(0, origin.index).findLast(isReasoning);
      if (before === undefined) continue;
      const isThere = items.some((other) => keysOf(other).some((key) => keysOf(before).includes(key)));
      if (!isThere)
        return `Item '${item.id}' of type '${item.type}' was provided without its required 'reasoning' item: '${before.id}'.`;
    }
    return undefined;
  }

  #originOf(item: Item): Origin | undefined {
    return keysOf(item)
      .map((key) => this.#origins.get(key))
      .find((origin) => origin !== undefined);
  }
}

function keysOf({ id, encrypted_content: content }: Item): string[] {
  return [...(id ? [`id ${id}`] : []), ...(content ? [`content ${content}`] : [])];
}

function isReasoning({ type }: Item): boolean {
  return type === "reasoning";
}

function isOfModel(item: Item | undefined): boolean {
  const { type = "message", role } = item ?? { type: "none" };
  return type === "message" ? role === "assistant" : type.endsWith("_call");
}
