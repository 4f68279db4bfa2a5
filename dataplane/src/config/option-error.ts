/** An option that a gateway cannot be made with. The message names it and says what is expected. */
export class OptionError extends Error {
  override readonly name = "OptionError";
  /** "gatewayKey" */
  readonly option: string;

  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`);
    this.option = option;
  }
}
