interface Waiter {
  readonly value: number;
  readonly settle: (reached: boolean) => void;
}

/** A count that only grows, and those who wait until it has reached a value. */
export class Watermark {
  #value = 0;
  /** In the order of their values. */
  #waiters: Waiter[] = [];

  get value(): number {
    return this.#value;
  }

  reach(value: number): void {
    if (value <= this.#value) return;
    this.#value = value;
    let done = 0;
    while (this.#waiters[done] !== undefined && (this.#waiters[done] as Waiter).value <= value) done++;
    for (const waiter of this.#waiters.splice(0, done)) waiter.settle(true);
  }

  /** Resolves true once the value is reached, false if `giveUp` comes before. Values must not fall from call to call. */
  wait(value: number): Promise<boolean> {
    if (value <= this.#value) return Promise.resolve(true);
    return new Promise((settle) => this.#waiters.push({ value, settle }));
  }

  /** Ends every wait. */
  giveUp(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.settle(false);
  }
}
