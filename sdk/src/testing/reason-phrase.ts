import { STATUS_CODES } from "node:http";

/** The standard phrase of a status; 529 is Anthropic's own. */
export function reasonPhrase(status: number): string {
  return status === 529 ? "Overloaded" : (STATUS_CODES[status] ?? "Error");
}
