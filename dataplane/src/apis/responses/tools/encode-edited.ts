const LF = 10;
const SPACE = 32;
const head = Buffer.from("data: ");
const tail = Buffer.from("\n\n");

/**
 * An event with data that was edited. Line feeds in the data, which came in several lines then, can only stand between
 * JSON tokens: a space says the same in one line.
 */
export function encodeEdited(data: Buffer, name: string | undefined): Buffer {
  for (let at = data.indexOf(LF); at !== -1; at = data.indexOf(LF, at)) data[at] = SPACE;
  const parts = [head, data, tail];
  if (name !== undefined) parts.unshift(Buffer.from(`event: ${name}\n`, "latin1"));
  return Buffer.concat(parts);
}
