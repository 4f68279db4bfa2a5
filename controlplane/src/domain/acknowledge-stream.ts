import { Failure } from "./failure.ts";
import type { ValidRecord } from "./records.ts";

/** Batches of one stream that may wait for their transaction while more are read. */
const MAX_BATCHES_IN_FLIGHT = 32;

/** A record that was refused for good, with its place in the stream. */
export interface Rejection {
  readonly sequence: bigint;
  readonly recordId: string;
  readonly reason: "invalid_argument" | "out_of_range" | "unknown_kind";
  readonly message: string;
}

/** A batch that was read and checked. */
export interface CheckedBatch {
  /** Sequence of its first and of its last record. */
  readonly first: bigint;
  readonly last: bigint;
  readonly records: readonly ValidRecord[];
  readonly rejected: readonly Rejection[];
}

/** Everything up to `sequence` is durable or rejected. */
export interface Acknowledgement {
  readonly sequence: bigint;
  readonly rejected: readonly Rejection[];
}

interface InFlight {
  readonly batch: CheckedBatch;
  readonly saved: Promise<void>;
  done: boolean;
}

/**
 * Stores the batches of one stream and acknowledges them in order. Reading goes on while earlier batches wait for their
 * transaction, within bounds; acknowledgements that become due together are sent as one.
 * @throws Failure "unavailable" when records could not be stored, "invalid_argument" when the sequence has a gap
 */
export async function* acknowledgeStream(
  batches: AsyncIterable<CheckedBatch>,
  save: (records: readonly ValidRecord[]) => Promise<void>,
): AsyncGenerator<Acknowledgement> {
  const reader = batches[Symbol.asyncIterator]();
  const inFlight: InFlight[] = [];
  let expected = 1n;
  let reading: Promise<IteratorResult<CheckedBatch>> | undefined = handled(reader.next());
  while (reading !== undefined || inFlight.length > 0) {
    const mayRead = inFlight.length < MAX_BATCHES_IN_FLIGHT ? reading : undefined;
    const read = await nextEvent(mayRead, inFlight[0]?.saved);
    if (read === undefined) {
      yield mergeAcknowledgements(takeDone(inFlight));
    } else if (read.done === true) {
      reading = undefined;
    } else {
      expected = checkSequence(read.value, expected);
      inFlight.push(startSaving(read.value, save));
      reading = handled(reader.next());
    }
  }
}

/** What was read, or undefined when the oldest batch in flight is durable; whichever comes first. */
function nextEvent<T>(
  reading: Promise<T> | undefined,
  saved: Promise<void> | undefined,
): Promise<T | undefined> {
  const events: Promise<T | undefined>[] = [];
  if (saved !== undefined) {
    events.push(saved.then(() => undefined));
  }
  if (reading !== undefined) {
    events.push(reading);
  }
  return Promise.race(events);
}

function startSaving(
  batch: CheckedBatch,
  save: (records: readonly ValidRecord[]) => Promise<void>,
): InFlight {
  const saved = save(batch.records);
  const entry: InFlight = { batch, saved, done: false };
  const markDone = () => {
    entry.done = true;
  };
  // Its failure is looked at when it is the oldest in flight.
  saved.then(markDone, () => undefined);
  return entry;
}

/** A promise whose failure may be looked at later, or never when another failure came first. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function takeDone(inFlight: InFlight[]): CheckedBatch[] {
  const pending = inFlight.findIndex((entry) => !entry.done);
  return inFlight.splice(0, pending === -1 ? inFlight.length : pending).map((entry) => entry.batch);
}

function mergeAcknowledgements(batches: readonly CheckedBatch[]): Acknowledgement {
  return {
    sequence: batches.reduce((highest, { last }) => (last > highest ? last : highest), 0n),
    rejected: batches.flatMap(({ rejected }) => rejected),
  };
}

/** A gap would make a cumulative acknowledgement claim records that never came. */
function checkSequence(batch: CheckedBatch, expected: bigint): bigint {
  if (batch.first !== expected) {
    throw new Failure(
      "invalid_argument",
      `expected sequence ${expected}, found ${batch.first}: sequences start at 1 in each stream and grow by 1`,
    );
  }
  return batch.last + 1n;
}
