import type { CentralTool } from "./tool-conversation.ts";

/** Tools that go into one request. */
export interface ChosenTools {
  /** JSON text, joined by commas. */
  readonly elements: string;
  readonly toolIds: ReadonlySet<string>;
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
  /** All of them, for the many requests that leave none out. */
  readonly all: ChosenTools;
}

/** Writes the tools of an actor as an API takes them, once for each list, and chooses from them for each request. */
export class ToolWriter {
  readonly #write: (tool: CentralTool) => string;
  readonly #written = new WeakMap<readonly CentralTool[], WrittenTools>();

  /** @param write one tool as JSON text */
  constructor(write: (tool: CentralTool) => string) {
    this.#write = write;
  }

  /** The first tools there is room for, without those whose ids are taken; the same object where that is all of them. */
  choose(tools: readonly CentralTool[], { taken, room }: OwnTools): ChosenTools {
    const { ids, texts, all } = this.#writtenTools(tools);
    if (ids.length <= room && !ids.some((id) => taken.has(id))) return all;
    const places = [...ids.keys()]
      .filter((place) => !taken.has(ids[place] as string))
      .slice(0, Math.max(room, 0));
    return chosen(
      places.map((place) => ids[place] as string),
      places.map((place) => texts[place] as string),
    );
  }

  #writtenTools(tools: readonly CentralTool[]): WrittenTools {
    let known = this.#written.get(tools);
    if (known === undefined) {
      const ids = tools.map(({ id }) => id);
      const texts = tools.map(this.#write);
      known = { ids, texts, all: chosen(ids, texts) };
      this.#written.set(tools, known);
    }
    return known;
  }
}

function chosen(ids: readonly string[], texts: readonly string[]): ChosenTools {
  return { elements: texts.join(","), toolIds: new Set(ids) };
}
