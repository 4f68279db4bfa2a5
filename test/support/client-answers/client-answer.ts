/** An answer as a client's user sees it, whatever the API and the mode. */
export interface ClientAnswer {
  readonly id: string;
  readonly texts: readonly string[];
  readonly thoughts: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: string }[];
  /** As the API says it: "end_turn", "tool_calls", "completed". */
  readonly stop: string;
  readonly usage: { readonly input: number; readonly output: number };
}
