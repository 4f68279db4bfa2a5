import { type AnswerEnd, type StreamObserver, verdict } from "../apis/api.ts";
import type { TurnObserver } from "../apis/tool-conversation.ts";
import type { GatewayError } from "../errors/gateway-error.ts";
import { type OnEvent, SseScanner } from "../sse/scan.ts";
import type { AnswerRelay, RelayTarget } from "./answer-relay.ts";

export interface StreamRelayOptions {
  /** Where it hides an event it may have another one to go out in its place. */
  readonly observer: StreamObserver & Partial<Pick<TurnObserver, "replacement">>;
  readonly downstream: RelayTarget;
  /** True if events may be hidden: then an unfinished event waits until it is known whether it is one of them. */
  readonly hiding: boolean;
  /** Longest event that may be hidden, in bytes: what is longer goes out as it comes. @default 65536 */
  readonly maxHiddenBytes?: number;
  /** True if nothing but whole events may go out: the beginning of one says what it would not show. @default false */
  readonly wholeEvents?: boolean;
  /** The answer's terminal event came: its bytes are held until `release`. */
  readonly onTerminal: () => void;
}

/** A usage chunk is small. */
const defaultMaxHiddenBytes = 64 * 1024;

/** A hidden event: its place relative to the chunk it ended in. */
interface HiddenSpan {
  readonly from: number;
  readonly to: number;
  /** What goes out in its place. */
  readonly replacement: Buffer | undefined;
  readonly terminal: boolean;
}

/**
 * Relays server-sent events: every chunk goes out as it came, at once, but for hidden events and for the terminal event,
 * whose bytes wait until the answer's records are safe.
 */
export class StreamRelay implements AnswerRelay {
  readonly #options: StreamRelayOptions;
  readonly #scanner = new SseScanner();
  /** Bytes that wait for `release`; undefined while nothing is held. */
  #held: Buffer[] | undefined;
  /** Bytes of an unfinished event that may turn out to be hidden. */
  #undecided: Buffer[] = [];
  /** True if the unfinished event grew too long to be one that is hidden: its bytes go out as they come. */
  #tooLong = false;
  /** Of the current chunk: where the terminal event begins, -1 for nowhere, and which ranges are hidden. */
  #terminalFrom = -1;
  #hidden: HiddenSpan[] = [];

  /** True if the last event came in part only. */
  #cutInEvent = false;

  constructor(options: StreamRelayOptions) {
    this.#options = options;
  }

  data(chunk: Buffer): void {
    this.#terminalFrom = -1;
    this.#scanner.push(chunk, this.#look());
    if (this.#options.hiding) this.#relayDecided(chunk);
    else this.#relay(chunk, this.#terminalFrom);
    if (this.#terminalFrom !== -1) this.#options.onTerminal();
  }

  finish(clean: boolean): AnswerEnd {
    this.#cutInEvent = this.#scanner.pending > 0;
    this.#scanner.finish(this.#look());
    const [hidden] = this.#hidden.splice(0);
    const undecided = this.#undecided.splice(0);
    const end = this.#options.observer.finish(clean);
    if (hidden !== undefined && !this.#tooLong) this.#replace(hidden);
    // The last event of a complete answer may lack nothing but the blank line behind it.
    else if (!this.#options.wholeEvents || end.complete) for (const bytes of undecided) this.#pass(bytes);
    return end;
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  release(): void {
    if (this.#options.downstream.gone) return;
    const held = this.#held;
    this.#held = undefined;
    for (const bytes of held ?? []) this.#pass(bytes);
  }

  errorBytes(error: GatewayError): Buffer {
    const event = this.#options.observer.errorEvent(error);
    // The blank line ends an event that was cut, which would swallow this one otherwise.
    return this.#cutInEvent ? Buffer.concat([Buffer.from("\n\n"), event]) : event;
  }

  /**
   * What looks at each event. Made for each chunk and not kept: of a function in a member of a short-lived object V8 lets
   * all that it sees survive several collections, which for a relay is its whole request.
   */
  #look(): OnEvent {
    const { observer } = this.#options;
    return (bytes, start, end, from, to) => {
      const bits = observer.event(bytes, start, end);
      if (bits === verdict.relay) return;
      const terminal = (bits & verdict.terminal) !== 0;
      if (bits & verdict.hide) this.#hidden.push({ from, to, replacement: observer.replacement, terminal });
      if (terminal && this.#terminalFrom === -1) this.#terminalFrom = Math.max(from, 0);
    };
  }

  /** Relays bytes, holding them from `terminalFrom` on if that is not -1. */
  #relay(bytes: Buffer, terminalFrom: number): void {
    if (this.#held !== undefined || terminalFrom === -1) return this.#pass(bytes);
    if (terminalFrom > 0) this.#pass(bytes.subarray(0, terminalFrom));
    this.#held = [];
    this.#pass(bytes.subarray(terminalFrom));
  }

  #pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#held !== undefined) this.#held.push(bytes);
    else if (!this.#options.downstream.gone) this.#options.downstream.write(bytes);
  }

  /** Relays what is known not to be hidden, of this chunk and of what was undecided before it. */
  #relayDecided(chunk: Buffer): void {
    const decided = chunk.length - Math.min(this.#scanner.pending, chunk.length);
    const hidden = this.#hidden.splice(0);
    let at = 0;
    if (decided > 0) at = this.#decide(hidden);
    for (const span of hidden) {
      this.#relaySpan(chunk, at, span.from);
      this.#replace(span);
      at = span.to;
    }
    this.#relaySpan(chunk, at, decided);
    this.#leaveUndecided(chunk.subarray(decided));
  }

  /**
   * The event that was unfinished is complete: relays what was kept of it, unless it is hidden.
   * @param hidden hidden ranges of the chunk; the first one is taken out if it is that event's
   * @returns where in the chunk relaying goes on
   */
  #decide(hidden: HiddenSpan[]): number {
    const kept = this.#undecided.splice(0);
    const tooLong = this.#tooLong;
    this.#tooLong = false;
    if (hidden[0] !== undefined && hidden[0].from < 0) {
      const span = hidden.shift() as HiddenSpan;
      if (tooLong) return 0;
      this.#replace(span);
      return span.to;
    }
    if (kept.length > 0 && this.#terminalFrom === 0) this.#held ??= [];
    for (const bytes of kept) this.#pass(bytes);
    return 0;
  }

  #replace({ replacement, terminal }: HiddenSpan): void {
    if (terminal) this.#held ??= [];
    if (replacement !== undefined) this.#pass(replacement);
  }

  #leaveUndecided(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (!this.#tooLong) {
      this.#undecided.push(bytes);
      // What is longer is not one that is hidden, and is not kept from the client.
      if (this.#scanner.pending <= (this.#options.maxHiddenBytes ?? defaultMaxHiddenBytes)) return;
      this.#tooLong = true;
    } else this.#pass(bytes);
    for (const kept of this.#undecided.splice(0)) this.#pass(kept);
  }

  #relaySpan(chunk: Buffer, from: number, to: number): void {
    if (from >= to) return;
    const terminal = this.#terminalFrom;
    this.#relay(chunk.subarray(from, to), terminal >= from && terminal < to ? terminal - from : -1);
  }
}
