/** Told what becomes of a client. */
export interface DownstreamListener {
  /** A client that was slower has caught up. */
  onDrain?(): void;
  /** The client went away before the answer ended. Called once. */
  onGone(): void;
}

/** The client's side of an answer, as far as the relay needs it. */
export interface Downstream {
  /** True once a status line went out. */
  readonly started: boolean;
  /** True if the client went away. */
  readonly gone: boolean;
  /** Sets status and headers (a flat list); they go out with the first bytes. */
  start(status: number, headers: string[]): void;
  /** Sends the headers without waiting for bytes. */
  flushHeaders(): void;
  write(chunk: Buffer): void;
  /** True while the client is slower than the provider: the listener is told when to go on. */
  readonly saturated: boolean;
  end(): void;
  /** Sends the bytes, then breaks the connection, so that no client takes the answer for a whole one. */
  cut(lastBytes: Buffer | undefined): void;
  listener: DownstreamListener | undefined;
}
