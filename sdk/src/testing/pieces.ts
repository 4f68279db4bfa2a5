/** Cutting: texts into deltas, bodies into pieces. */

/** Cuts a text into deltas of `length` characters (code points, so that no surrogate pair is split). */
export function splitText(text: string, length: number): string[] {
  if (text.length <= length) return text === "" ? [] : [text];
  const characters = Array.from(text);
  const deltas: string[] = [];
  for (let start = 0; start < characters.length; start += length) {
    deltas.push(characters.slice(start, start + length).join(""));
  }
  return deltas;
}

/** The same bytes cut at absolute offsets, or every so many bytes; as they come when neither is given. */
export function cutPieces(
  pieces: readonly Buffer[],
  cuts: { readonly cutAt?: readonly number[]; readonly cutEvery?: number },
): Buffer[] {
  if (cuts.cutAt === undefined && cuts.cutEvery === undefined) return [...pieces];
  const whole = Buffer.concat(pieces);
  const offsets = new Set(cuts.cutAt ?? []);
  if (cuts.cutEvery !== undefined) {
    const step = Math.max(1, cuts.cutEvery);
    for (let at = step; at < whole.length; at += step) offsets.add(at);
  }
  const sorted = [...offsets].filter((at) => at > 0 && at < whole.length).sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => whole.subarray(from, sorted[index] ?? whole.length));
}

/** Divides pieces after a number of bytes, cutting the one that the place lies in. */
export function takeBytes(pieces: readonly Buffer[], bytes: number): { taken: Buffer[]; rest: Buffer[] } {
  const taken: Buffer[] = [];
  const rest: Buffer[] = [];
  let left = bytes;
  for (const piece of pieces) {
    const here = Math.min(left, piece.length);
    if (here > 0) taken.push(piece.subarray(0, here));
    if (here < piece.length) rest.push(piece.subarray(here));
    left -= here;
  }
  return { taken, rest };
}
