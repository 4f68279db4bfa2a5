/** Why the control plane cannot start: one line for the operator, saying what to do. Exit code 2. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}
