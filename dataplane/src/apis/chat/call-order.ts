/** More calls than this in one choice are not kept. */
const maxCalls = 1024;

/** The calls of one choice in their order: tells which of them a delta belongs to. */
export class CallOrder<Call extends { id: string }> {
  readonly #newCall: () => Call;
  #calls: Call[] = [];
  /** The call that each `tool_calls[].index` stands for at present. */
  readonly #byIndex = new Map<number, Call>();

  /** @param newCall makes a call whose id is "" */
  constructor(newCall: () => Call) {
    this.#newCall = newCall;
  }

  get calls(): readonly Call[] {
    return this.#calls;
  }

  /** Forgets all calls, and returns them. */
  clear(): readonly Call[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#byIndex.clear();
    return calls;
  }

  /**
   * The call that a delta belongs to, opened if it begins one.
   * @param id and name: "" where the delta has none
   */
  callOf(index: number | undefined, id: string, name: string): Call {
    if (index === undefined) return this.#callWithoutIndex(id, name);
    let call = this.#byIndex.get(index);
    // Some servers give every call of a turn index 0: another id is another call.
    if (call === undefined || (id !== "" && call.id !== "" && id !== call.id)) {
      call = this.open();
      this.#byIndex.set(index, call);
    }
    if (call.id === "") call.id = id;
    return call;
  }

  /** Begins a call. */
  open(): Call {
    const call = this.#newCall();
    if (this.#calls.length < maxCalls) this.#calls.push(call);
    return call;
  }

  /** Whole answers have no indexes, and some servers' deltas neither: there a new id, or a name without id, begins a call. */
  #callWithoutIndex(id: string, name: string): Call {
    const known = id === "" ? this.#calls.at(-1) : this.#calls.find((call) => call.id === id);
    if (known !== undefined && (id !== "" || name === "")) return known;
    const call = this.open();
    call.id = id;
    return call;
  }
}
