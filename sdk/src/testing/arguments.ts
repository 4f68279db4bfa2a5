/** The arguments of a tool call as JSON text; a script may give them as a value or as that text. */
export function argumentsText(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input ?? {});
}

/** The arguments as a value; raw text that is not JSON stays text, as it would have to in a document. */
export function parsedArguments(input: unknown): unknown {
  if (typeof input !== "string") return input ?? {};
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
