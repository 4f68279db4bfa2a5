import type { Code } from "@connectrpc/connect";
import type { QueuedRecord } from "./record-queue.ts";

/** What a link tells its owner. */
export interface LinkEvents {
  /** The recorder answered: records are being taken. */
  up(): void;
  /** Records were acknowledged, rejected ones among them. */
  acknowledged(records: readonly QueuedRecord[]): void;
  /** A record was refused for good. */
  rejected(record: QueuedRecord, code: Code, message: string): void;
}

/** One attempt to deliver what a queue holds. Resolves when closed in order; rejects when the link breaks. */
export interface Link {
  run(signal: AbortSignal): Promise<void>;
  /** There is something new to send. Without haste it may wait a little for more. */
  wake(haste: boolean): void;
}
