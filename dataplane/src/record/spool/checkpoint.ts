/** The first entry of every segment: what must be known of the segments before it, which may be gone. */
export interface Checkpoint {
  /** When the segment was begun, in milliseconds since the epoch. */
  readonly begunMs: number;
  /** Records of the log, from the first on, that were acknowledged. */
  readonly acknowledged: number;
  /** Interceptions without an end: their id, and whether a TokenUsage was recorded. */
  readonly open: readonly (readonly [id: string, hasUsage: boolean])[];
}

export function writeCheckpoint(checkpoint: Checkpoint): Buffer {
  return Buffer.from(JSON.stringify(checkpoint));
}

/** @throws SyntaxError if it is none */
export function readCheckpoint(payload: Buffer): Checkpoint {
  return JSON.parse(payload.toString()) as Checkpoint;
}

/** The payload of an entry that says how many records, from the first on, were acknowledged. */
export function writeAcknowledged(acknowledged: number): Buffer {
  return Buffer.from(String(acknowledged));
}

export function readAcknowledged(payload: Buffer): number {
  return Number(payload.toString());
}
