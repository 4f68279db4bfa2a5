/** JSON text, or its bytes where they are there already: what is put into many requests is made once. */
export type Piece = string | Buffer;

export function bytesOf(piece: Piece): Buffer {
  return typeof piece === "string" ? Buffer.from(piece) : piece;
}
