import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stories } from "../../../test/fixtures/index.ts";
import type { Observation, Story } from "../../../test/fixtures/story.ts";
import { SseScanner } from "../sse/scan.ts";
import { type AnswerEnd, verdict } from "./api.ts";
import { apis } from "./index.ts";
import type { ObservationSink } from "./observation.ts";

/** A sink that keeps what it is told. */
function collect(): { readonly sink: ObservationSink; readonly seen: Observation[] } {
  const seen: Observation[] = [];
  const sink: ObservationSink = {
    message: (id) => void seen.push({ message: id }),
    toolCall: (toolCall) => void seen.push({ toolCall }),
    thought: (thought) => void seen.push({ thought }),
    usage: (usage) => void seen.push({ usage }),
  };
  return { sink, seen };
}

interface Outcome {
  readonly seen: readonly Observation[];
  readonly end: AnswerEnd;
  /** What a client sees if hidden events are left out. */
  readonly visible: string;
  /** Observations before the client may see the terminal event. */
  readonly seenAtTerminal: number | undefined;
}

const optionsOf = (story: Story) => ({
  hideUsage: story.visibleStream !== undefined,
  usageOptional: story.usageOptional ?? false,
});

/** Observes a stream that comes in the given chunks. */
function observe(story: Story, chunks: readonly Buffer[], clean = true): Outcome {
  const { sink, seen } = collect();
  const observer = apis[story.api].observeStream(sink, optionsOf(story));
  const scanner = new SseScanner();
  const hidden: [number, number][] = [];
  let offset = 0;
  let seenAtTerminal: number | undefined;
  const look = (bytes: Buffer, start: number, end: number, from: number, to: number) => {
    const bits = observer.event(bytes, start, end);
    if (bits & verdict.hide) hidden.push([offset + from, offset + to]);
    if (bits & verdict.terminal) seenAtTerminal = seen.length;
  };
  for (const chunk of chunks) {
    scanner.push(chunk, look);
    offset += chunk.length;
  }
  scanner.finish(look);
  const end = observer.finish(clean);
  expect(observer.finish(!clean), "a second finish changes nothing").toEqual(end);
  const all = Buffer.concat(chunks);
  let visible = "";
  let at = 0;
  for (const [from, to] of hidden) {
    visible += all.toString("utf8", at, from);
    at = to;
  }
  return { seen, end, visible: visible + all.toString("utf8", at), seenAtTerminal };
}

function cut(bytes: Buffer, points: readonly number[]): Buffer[] {
  const edges = [0, ...points.map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge)));
}

const endOf = (story: Story): AnswerEnd => ({ complete: story.complete ?? true, error: story.error });

describe.each(stories)("$api: $name", (story) => {
  test.runIf(story.stream !== undefined)("is learned from the stream", () => {
    const { seen, end, visible, seenAtTerminal } = observe(story, [Buffer.from(story.stream ?? "")]);
    expect(seen).toEqual(story.expected);
    expect(end).toEqual(endOf(story));
    expect(visible).toBe(story.visibleStream ?? story.stream);
    if (seenAtTerminal !== undefined) expect(seenAtTerminal).toBe(story.expected.length);
  });

  test.runIf(story.stream !== undefined)("is the same for any chunking and line ending", () => {
    const lineEnding = fc.constantFrom("\n", "\r\n", "\r");
    const points = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(lineEnding, points, (newline, cuts) => {
        const respelled = (text: string | undefined) => (text ?? "").replaceAll("\n", newline);
        const bytes = Buffer.from(respelled(story.stream));
        const { seen, end, visible } = observe(story, cut(bytes, cuts));
        expect(seen).toEqual(story.expected);
        expect(end).toEqual(endOf(story));
        expect(visible).toBe(respelled(story.visibleStream ?? story.stream));
      }),
      { numRuns: 40 },
    );
  });

  test.runIf(story.stream !== undefined)("is the same byte by byte", () => {
    const bytes = Buffer.from(story.stream ?? "");
    const { seen, end } = observe(
      story,
      Array.from(bytes, (byte) => Buffer.of(byte)),
    );
    expect(seen).toEqual(story.expected);
    expect(end).toEqual(endOf(story));
  });

  test.runIf(story.answer !== undefined)("is learned from the whole answer", () => {
    const { sink, seen } = collect();
    const end = apis[story.api].observeAnswer(sink, Buffer.from(story.answer ?? ""), optionsOf(story));
    expect(seen).toEqual(story.expected);
    expect(end).toEqual(endOf(story));
  });

  test.runIf(story.stream !== undefined)("reports one usage at most, wherever the stream is cut", () => {
    const bytes = Buffer.from(story.stream ?? "");
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.boolean(), (length, clean) => {
        const { seen } = observe(story, [bytes.subarray(0, length)], clean);
        const usages = seen.filter(
          (observation) => "usage" in observation && observation.usage.metadata?.iteration === undefined,
        );
        expect(usages.length).toBeLessThanOrEqual(1);
        if (!story.usageOptional) expect(usages.length).toBe(1);
        expect(seen.filter((observation) => "message" in observation).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(Object.values(apis))("$name", (api) => {
  test("takes any bytes for an answer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const { sink, seen } = collect();
        const options = { hideUsage: false, usageOptional: false };
        api.observeAnswer(sink, Buffer.from(text), options);
        expect(seen.at(-1)).toMatchObject({ usage: { source: "missing" } });
        const { sink: streamSink, seen: streamSeen } = collect();
        const observer = api.observeStream(streamSink, options);
        const event = Buffer.from(`event: response.completed\ndata: ${text}`);
        observer.event(event, 0, event.length);
        observer.finish(true);
        expect(streamSeen.at(-1)).toMatchObject({ usage: { source: "missing" } });
      }),
    );
  });
});
