import type { CentralTool } from "./tool-conversation.ts";

/** Tools that go into one request. */
export interface ChosenTools {
  /** JSON text, joined by commas. */
  readonly elements: Buffer;
  readonly toolIds: ReadonlySet<string>;
}

/** Ids of central tools that do not go into a request, in their order. */
export interface LeftOutTools {
  /** The client has tools of these names. */
  readonly taken: readonly string[];
  /** The provider takes no more. */
  readonly noRoom: readonly string[];
}

/** What a request has of its own. */
export interface OwnTools {
  /** The names of the client's tools: a central tool whose id is one of them is left out. */
  readonly taken: ReadonlySet<string>;
  /** How many tools there is room for beside them. */
  readonly room: number;
}

/** A list of tools as an API takes them. */
interface WrittenTools {
  readonly ids: readonly string[];
  /** The JSON text of each, in the same order. */
  readonly texts: readonly string[];
  /** What was chosen of them so far, by the places of those that were. */
  readonly choices: Map<string, ChosenTools>;
  /** All of them, for the many requests that leave none out. */
  readonly all: ChosenTools;
}

/** Choices of one list that are kept: a client sends the same tools of its own with every request. */
const maxChoices = 8;

/** Writes the tools of an actor as an API takes them, once for each list, and chooses from them for each request. */
export class ToolWriter {
  readonly #write: (tool: CentralTool) => string;
  readonly #written = new WeakMap<readonly CentralTool[], WrittenTools>();

  /** @param write one tool as JSON text */
  constructor(write: (tool: CentralTool) => string) {
    this.#write = write;
  }

  /**
   * The first tools there is room for, without those whose ids are taken. As a rule the same object for the same tools.
   * @param leftOut told of the others, if there are any
   */
  choose(
    tools: readonly CentralTool[],
    { taken, room }: OwnTools,
    leftOut?: (tools: LeftOutTools) => void,
  ): ChosenTools {
    const written = this.#writtenTools(tools);
    const { ids, choices, all } = written;
    if (ids.length <= room && (taken.size === 0 || !ids.some((id) => taken.has(id)))) return all;
    const free = [...ids.keys()].filter((place) => !taken.has(ids[place] as string));
    const places = free.slice(0, Math.max(room, 0));
    leftOut?.({
      taken: ids.filter((id) => taken.has(id)),
      noRoom: free.slice(places.length).map((place) => ids[place] as string),
    });
    const key = places.join();
    const known = choices.get(key);
    if (known !== undefined) return known;
    if (choices.size === maxChoices) choices.clear();
    const choice = chosenAt(places, written);
    choices.set(key, choice);
    return choice;
  }

  #writtenTools(tools: readonly CentralTool[]): WrittenTools {
    let known = this.#written.get(tools);
    if (known === undefined) {
      const ids = tools.map(({ id }) => id);
      const texts = tools.map(this.#write);
      known = { ids, texts, choices: new Map(), all: chosen(ids, texts) };
      this.#written.set(tools, known);
    }
    return known;
  }
}

function chosenAt(places: readonly number[], { ids, texts }: WrittenTools): ChosenTools {
  return chosen(
    places.map((place) => ids[place] as string),
    places.map((place) => texts[place] as string),
  );
}

function chosen(ids: readonly string[], texts: readonly string[]): ChosenTools {
  return { elements: Buffer.from(texts.join(",")), toolIds: new Set(ids) };
}
