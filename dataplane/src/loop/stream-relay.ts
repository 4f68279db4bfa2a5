import { type AnswerEnd, type StreamObserver, verdict } from "../apis/api.ts";
import type { GatewayError } from "../errors/gateway-error.ts";
import { SseScanner } from "../sse/scan.ts";
import type { AnswerRelay } from "./answer-relay.ts";
import type { Downstream } from "./downstream.ts";

export interface StreamRelayOptions {
  readonly observer: StreamObserver;
  readonly downstream: Downstream;
  /** True if events may be hidden: then an unfinished event waits until it is known whether it is one of them. */
  readonly hiding: boolean;
  /** The answer's terminal event came: its bytes are held until `release`. */
  readonly onTerminal: () => void;
}

/**
 * Relays server-sent events: every chunk goes out as it came, at once, but for hidden events and for the terminal event,
 * whose bytes wait until the answer's records are safe.
 */
export class StreamRelay implements AnswerRelay {
  readonly #options: StreamRelayOptions;
  readonly #scanner = new SseScanner();
  readonly #look: (bytes: Buffer, start: number, end: number, from: number, to: number) => void;
  /** Bytes that wait for `release`; undefined while nothing is held. */
  #held: Buffer[] | undefined;
  /** Bytes of an unfinished event that may turn out to be hidden. */
  #undecided: Buffer[] = [];
  /** Of the current chunk: where the terminal event begins, -1 for nowhere, and which ranges are hidden. */
  #terminalFrom = -1;
  #hidden: { readonly from: number; readonly to: number }[] = [];

  /** True if the last event came in part only. */
  #cutInEvent = false;

  constructor(options: StreamRelayOptions) {
    this.#options = options;
    this.#look = (bytes, start, end, from, to) => {
      const bits = options.observer.event(bytes, start, end);
      if (bits === verdict.relay) return;
      if (bits & verdict.hide) this.#hidden.push({ from, to });
      if (bits & verdict.terminal && this.#terminalFrom === -1) this.#terminalFrom = Math.max(from, 0);
    };
  }

  data(chunk: Buffer): void {
    this.#terminalFrom = -1;
    this.#scanner.push(chunk, this.#look);
    if (this.#options.hiding) this.#relayDecided(chunk);
    else this.#relay(chunk, this.#terminalFrom);
    if (this.#terminalFrom !== -1) this.#options.onTerminal();
  }

  finish(clean: boolean): AnswerEnd {
    this.#cutInEvent = this.#scanner.pending > 0;
    this.#scanner.finish(this.#look);
    for (const bytes of this.#undecided.splice(0)) this.#pass(bytes);
    return this.#options.observer.finish(clean);
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const bytes of held ?? []) this.#pass(bytes);
  }

  errorBytes(error: GatewayError): Buffer {
    const event = this.#options.observer.errorEvent(error);
    // The blank line ends an event that was cut, which would swallow this one otherwise.
    return this.#cutInEvent ? Buffer.concat([Buffer.from("\n\n"), event]) : event;
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
    const before = this.#undecided.reduce((sum, bytes) => sum + bytes.length, 0);
    const all = before === 0 ? chunk : Buffer.concat([...this.#undecided, chunk]);
    const decided = all.length - this.#scanner.pending;
    this.#undecided = decided < all.length ? [all.subarray(decided)] : [];
    const terminal = this.#terminalFrom;
    let at = 0;
    for (const { from, to } of this.#hidden.splice(0)) {
      this.#relaySpan(all, at, from + before, terminal === -1 ? -1 : terminal + before);
      at = to + before;
    }
    this.#relaySpan(all, at, decided, terminal === -1 ? -1 : terminal + before);
  }

  #relaySpan(all: Buffer, from: number, to: number, terminal: number): void {
    if (from < to)
      this.#relay(all.subarray(from, to), terminal >= from && terminal < to ? terminal - from : -1);
  }
}
