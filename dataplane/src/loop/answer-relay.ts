import type { AnswerEnd } from "../apis/api.ts";
import type { GatewayError } from "../errors/gateway-error.ts";
import type { AnswerForm } from "./answer-form.ts";
import type { Downstream } from "./downstream.ts";

/** Relays one kind of answer to the client while it is observed. What differs between kinds is behind this. */
export interface AnswerRelay {
  /** Takes a chunk: observes it, and relays what may go out at once. */
  data(chunk: Buffer): void;
  /**
   * The provider sent its last byte (`clean`) or broke off. Returns how the answer ended by its content. Bytes that
   * were held back stay so until `release`.
   */
  finish(clean: boolean): AnswerEnd;
  /** True while bytes are held back: the client has not got all of the answer. */
  readonly holding: boolean;
  /** Relays what was held back until the records were safe. */
  release(): void;
  /** The bytes that tell the client of an error after bytes went out; undefined if this kind of answer has none. */
  errorBytes(error: GatewayError): Buffer | undefined;
}

/** Where an answer is relayed to, as far as a relay writes to it. */
export type RelayTarget = Pick<Downstream, "gone" | "write">;

/** Makes the relay for an answer of this form. It calls `onTerminal` when it holds back the terminal event. */
export type NewRelay = (form: AnswerForm, to: RelayTarget, onTerminal: () => void) => AnswerRelay;
