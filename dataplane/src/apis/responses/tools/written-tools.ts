import { findValue } from "../../../json/find-member.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { asText } from "../../json-kinds.ts";
import type { CentralTool } from "../../tool-conversation.ts";

/** OpenAI takes no more tools in one request. */
const maxTools = 128;

/** Tools that go into one request. */
export interface ChosenTools {
  /** JSON text, joined by commas. */
  readonly elements: string;
  readonly toolIds: ReadonlySet<string>;
}

/** Tools as the Responses API takes them. */
interface WrittenTools {
  readonly ids: readonly string[];
  /** The JSON text of each, in the same order. */
  readonly texts: readonly string[];
  /** All of them, for the many requests that leave none out. */
  readonly all: ChosenTools;
}

/** Made once for each list. */
const written = new WeakMap<readonly CentralTool[], WrittenTools>();

export const noTools: ChosenTools = { elements: "", toolIds: new Set() };

/** The tools whose ids the client does not use itself, as many as there is room for beside its own. */
export function chooseTools(tools: readonly CentralTool[], body: JsonObject): ChosenTools {
  const { ids, texts, all } = writtenTools(tools);
  const own = clientTools(body);
  const room = Math.max(maxTools - body.array("tools").length, 0);
  if (ids.length <= room && !ids.some((id) => own.has(id))) return all;
  const places = [...ids.keys()].filter((place) => !own.has(ids[place] as string)).slice(0, room);
  return choose(
    places.map((place) => ids[place] as string),
    places.map((place) => texts[place] as string),
  );
}

/** The name of the tool at `start`, as a request has it or an answer repeats it; "" if it has none. */
export function toolName(bytes: Buffer, start: number, end: number): string {
  return asText(findValue(bytes, start, end, "name"));
}

function writtenTools(tools: readonly CentralTool[]): WrittenTools {
  let known = written.get(tools);
  if (known === undefined) {
    const ids = tools.map(({ id }) => id);
    const texts = tools.map(toolText);
    known = { ids, texts, all: choose(ids, texts) };
    written.set(tools, known);
  }
  return known;
}

/** `strict` is true unless it is given, and then asks more of a schema than those of most servers fulfil. */
function toolText({ id, description, inputSchema }: CentralTool): string {
  return JSON.stringify({
    type: "function",
    name: id,
    ...(description && { description }),
    parameters: inputSchema,
    strict: false,
  });
}

function choose(ids: readonly string[], texts: readonly string[]): ChosenTools {
  return { elements: texts.join(","), toolIds: new Set(ids) };
}

function clientTools(body: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  const tools = body.array("tools");
  for (let index = 0; index < tools.length; index += 1) {
    const { start, end } = tools.span(index);
    names.add(toolName(body.bytes, start, end));
  }
  return names;
}
