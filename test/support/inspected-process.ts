import { once } from "node:events";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Memory and handles of a process at one moment. */
export interface ProcessState {
  /** Resident memory, in bytes. */
  readonly residentBytes: number;
  /** Live objects of the JavaScript heap, in bytes. */
  readonly heapBytes: number;
  /** Open handles by kind: sockets, servers, timers. */
  readonly handles: Readonly<Record<string, number>>;
}

/** Looks into a Node process from outside, over its inspector: the process runs the code that it always runs. */
export class InspectedProcess implements Disposable {
  readonly #port: number;
  #socket: WebSocket | undefined;
  #calls = 0;

  private constructor(port: number) {
    this.#port = port;
  }

  /** To be made before the process, which is to be started with `env`. */
  static async prepare(): Promise<InspectedProcess> {
    return new InspectedProcess(await freePort());
  }

  get env(): Record<string, string> {
    return { NODE_OPTIONS: `--inspect=127.0.0.1:${this.#port}` };
  }

  async connect(): Promise<void> {
    const target = await eventually(async () => {
      const [only] = (await (await fetch(`http://127.0.0.1:${this.#port}/json/list`)).json()) as {
        webSocketDebuggerUrl: string;
      }[];
      return only;
    });
    this.#socket = new WebSocket(target.webSocketDebuggerUrl);
    await once(this.#socket, "open");
  }

  /** Collects garbage until that frees nothing more to speak of, then looks. */
  async stateAfterGc(): Promise<ProcessState> {
    let before = Number.POSITIVE_INFINITY;
    for (;;) {
      await this.#call("HeapProfiler.collectGarbage", {});
      const state = await this.#state();
      if (state.residentBytes > before * 0.995) return state;
      before = state.residentBytes;
    }
  }

  async #state(): Promise<ProcessState> {
    const expression = `JSON.stringify({ memory: process.memoryUsage(), handles: process.getActiveResourcesInfo() })`;
    const { result } = (await this.#call("Runtime.evaluate", { expression })) as {
      result: { value: string };
    };
    const { memory, handles } = JSON.parse(result.value) as {
      memory: NodeJS.MemoryUsage;
      handles: readonly string[];
    };
    const counts: Record<string, number> = {};
    for (const kind of handles) counts[kind] = (counts[kind] ?? 0) + 1;
    return { residentBytes: memory.rss, heapBytes: memory.heapUsed, handles: counts };
  }

  #call(method: string, params: unknown): Promise<unknown> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error("connect first");
    const id = ++this.#calls;
    return new Promise((resolve) => {
      const take = (message: MessageEvent) => {
        const answer = JSON.parse(String(message.data)) as { id?: number; result?: unknown };
        if (answer.id !== id) return;
        socket.removeEventListener("message", take);
        resolve(answer.result);
      };
      socket.addEventListener("message", take);
      socket.send(JSON.stringify({ id, method, params }));
    });
  }

  [Symbol.dispose](): void {
    this.#socket?.close();
  }
}
