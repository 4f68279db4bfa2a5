import { readFile, writeFile } from "node:fs/promises";
import { renderAnswer } from "@aibridge/sdk/testing";
import { MODELS } from "./requests.ts";
import { APIS, type Api, DELTAS } from "./workloads.ts";

/** One answer in both forms its API has. */
export interface RenderedAnswer {
  /** The events of the stream, each with its blank line. */
  readonly events: readonly string[];
  /** The JSON document. */
  readonly whole: string;
}

export type Answers = Readonly<Record<Api, RenderedAnswer>>;

/** What every answer reports, in disjoint columns. */
export const USAGE = { input: 1200, output: 180 };

const DELTA_LENGTH = 16;
const SENTENCE = "The relay writes each chunk as it comes and reads the events beside it. ";

/** The answers of all APIs as the real providers send them: a text in {@link DELTAS} deltas. Ids and times differ each time. */
export function renderAnswers(): Answers {
  return Object.fromEntries(APIS.map((api) => [api, renderBothForms(api)])) as unknown as Answers;
}

/** Renders the answers once for all processes, into a file. */
export async function writeAnswers(file: string): Promise<void> {
  await writeFile(file, JSON.stringify(renderAnswers()));
}

/** Reads what {@link writeAnswers} wrote. */
export async function readAnswers(file: string): Promise<Answers> {
  return JSON.parse(await readFile(file, "utf8")) as Answers;
}

function renderBothForms(api: Api): RenderedAnswer {
  const length = DELTAS * DELTA_LENGTH;
  const answer = {
    content: SENTENCE.repeat(Math.ceil(length / SENTENCE.length)).slice(0, length),
    deltaLength: DELTA_LENGTH,
    usage: USAGE,
  };
  const request = { model: MODELS[api], stream_options: { include_usage: true } };
  const stream = renderAnswer(api, answer, { ...request, stream: true });
  const whole = renderAnswer(api, answer, request);
  return { events: stream.body.map(String), whole: Buffer.concat(whole.body).toString() };
}
