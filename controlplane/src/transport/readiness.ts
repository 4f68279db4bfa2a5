/** Whether the control plane can do its work now. */
export class Readiness {
  #check: () => Promise<void> = () => Promise.reject(new Error("starting"));

  /** From now on it is ready whenever `check` resolves. */
  ready(check: () => Promise<void>): void {
    this.#check = check;
  }

  /** From now on it is not ready, and this is why. */
  notReady(problem: string): void {
    this.#check = () => Promise.reject(new Error(problem));
  }

  /** Why it is not ready; undefined if it is. */
  problem(): Promise<string | undefined> {
    return this.#check().then(
      () => undefined,
      (reason: Error) => reason.message,
    );
  }
}
