/** A text that is no JSON, or not the JSON that was asked for. The message holds no part of the text. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  /** Byte offset of what could not be read. */
  readonly offset: number;
  /** What is wrong there, such as "expected a colon". */
  readonly reason: string;

  constructor(reason: string, offset: number) {
    super(`${reason} at byte ${offset}`);
    this.reason = reason;
    this.offset = offset;
  }
}
