import type { JsonObject, Span } from "./json-object.ts";

/** What becomes of a member: `undefined` keeps it, `null` leaves it out, a JSON text is its new value. */
export type MemberEdit = string | null | undefined;

/**
 * The JSON text of `object` after every member was put to `edit`, once and in order; undefined if nothing changes. What is
 * kept stays as it was written; only the space between members is lost.
 */
export function rewriteMembers(
  object: JsonObject,
  edit: (name: string, value: Span) => MemberEdit,
): string | undefined {
  const edits = Array.from(object.members(), ({ name, value }) => edit(name, value));
  if (edits.every((edited) => edited === undefined)) return undefined;
  const { bytes } = object;
  const texts: string[] = [];
  let at = 0;
  for (const { start, value } of object.members()) {
    const edited = edits[at++];
    if (edited === null) continue;
    if (edited === undefined) texts.push(bytes.toString("utf8", start, value.end));
    else texts.push(bytes.toString("utf8", start, value.start) + edited);
  }
  return `{${texts.join(",")}}`;
}
