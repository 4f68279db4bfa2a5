/** The child's end of the channel between the harness and the processes it starts: see bench-child.ts. */

/** What a child says once it serves. */
export interface Ready {
  readonly kind: "ready";
  /** Port on 127.0.0.1; 0 if the child listens on none. */
  readonly port: number;
}

/** An order of the harness. */
export interface Order {
  readonly id: number;
  readonly order: unknown;
}

/** The answer to the order of the same id. */
export interface OrderResult {
  readonly kind: "result";
  readonly id: number;
  readonly result?: unknown;
  /** Why it failed; then there is no result. */
  readonly failure?: string;
}

/**
 * Tells the harness that this process serves, on the given `server.address()` if it listens. From then on it ends when
 * the harness does.
 */
export function reportReady(address?: unknown): void {
  const port =
    typeof address === "object" && address !== null && "port" in address ? Number(address.port) : 0;
  process.once("disconnect", () => process.exit());
  send({ kind: "ready", port });
}

/** Answers every order of the harness by what `carryOut` resolves with; a rejection is handed back as its message. */
export function carryOutOrders(carryOut: (order: unknown) => Promise<unknown>): void {
  process.on("message", (message) => {
    const { id, order } = message as Order;
    carryOut(order).then(
      (result) => send({ kind: "result", id, result }),
      (error: unknown) => send({ kind: "result", id, failure: String(error) }),
    );
  });
}

function send(message: Ready | OrderResult): void {
  process.send?.(message);
}
