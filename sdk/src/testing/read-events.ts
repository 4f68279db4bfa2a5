import type { Rendering } from "./delivery.ts";

/** One event of a stream, read back from its bytes. */
export interface ReadEvent {
  /** The `event:` line; absent in data-only streams. */
  readonly name: string | undefined;
  readonly data: string;
}

/** Reads a whole stream back into its events. */
export function readEvents(body: string): ReadEvent[] {
  return body
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const lines = block.split("\n");
      const field = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      return { name: field("event")[0], data: field("data").join("\n") };
    });
}

/** The JSON of every event of a rendering, `[DONE]` left as the string it is. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents of many shapes
export function eventsOf(rendering: Pick<Rendering, "body">): any[] {
  return readEvents(Buffer.concat(rendering.body).toString()).map(({ data }) =>
    data === "[DONE]" ? data : JSON.parse(data),
  );
}

/** The JSON document of a rendering. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents of many shapes
export function documentOf(rendering: Pick<Rendering, "body">): any {
  return JSON.parse(Buffer.concat(rendering.body).toString());
}
