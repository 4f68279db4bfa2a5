import type { RecordBody } from "../record-body.ts";
import { functionName, type RecorderFunctions } from "../recorder-functions.ts";

/** Six functions that keep what they are called with, after `before` resolved. */
export class Ledger implements RecorderFunctions {
  /** In the order in which they were stored. */
  readonly stored: RecordBody[] = [];
  /** Functions that were called, in order. */
  readonly called: string[] = [];
  readonly #before: (record: RecordBody) => Promise<void> | void;

  constructor(before: (record: RecordBody) => Promise<void> | void = () => undefined) {
    this.#before = before;
  }

  /** Texts of the prompts among the records, in the order in which they were stored. */
  get prompts(): string[] {
    return this.stored.flatMap(({ case: kind, value }) => (kind === "promptUsage" ? value.prompt : []));
  }

  readonly recordInterception = this.#keep("interception");
  readonly recordInterceptionEnded = this.#keep("interceptionEnded");
  readonly recordTokenUsage = this.#keep("tokenUsage");
  readonly recordPromptUsage = this.#keep("promptUsage");
  readonly recordToolUsage = this.#keep("toolUsage");
  readonly recordModelThought = this.#keep("modelThought");

  #keep<K extends RecordBody["case"]>(kind: K) {
    return async (value: Extract<RecordBody, { case: K }>["value"]): Promise<void> => {
      const record = { case: kind, value } as RecordBody;
      this.called.push(functionName(kind));
      await this.#before(record);
      this.stored.push(record);
    };
  }
}
