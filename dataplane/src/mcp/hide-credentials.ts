import type { McpAccess } from "./mcp-access.ts";

/** Headers whose values are credentials. Others may hold plain words, which a result may well speak of. */
const credentialHeader = /auth|token|key|secret|cookie|password|credential|session/i;
/** A shorter value would be found in texts that have nothing to do with it. */
const minLength = 6;
const replacement = "[credential]";

/**
 * Takes an actor's credentials for a server out of what that server said: it may repeat the headers it got, in an error
 * or in a result, and neither logs nor records nor the model may have them.
 */
export function hideCredentials({ headers }: Pick<McpAccess, "headers">): <Value>(said: Value) => Value {
  const credentials = Object.entries(headers)
    .filter(([name]) => credentialHeader.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\S+\s+/, "")])
    .filter((value) => value.length >= minLength);
  const hide = (text: string) =>
    credentials.reduce((hidden, value) => hidden.replaceAll(value, replacement), text);
  return <Value>(said: Value) => (credentials.length === 0 ? said : (mapTexts(said, hide) as Value));
}

/** The same value with every text in it mapped, names of members included. */
function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [map(name), mapTexts(item, map)]));
}
