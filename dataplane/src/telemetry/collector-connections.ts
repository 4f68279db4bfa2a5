import { Agent as HttpAgent } from "node:http";
import { type AgentOptions, Agent as HttpsAgent } from "node:https";

/** Connections to a collector. They can be cut for good: what is under way on them would keep the process alive. */
export class CollectorConnections {
  readonly agent: HttpAgent;
  #isCut = false;

  /** @param tls certificate, key and authority for an https URL */
  constructor(url: string, tls: Pick<AgentOptions, "ca" | "cert" | "key">) {
    const { protocol } = new URL(url);
    this.agent =
      protocol === "https:"
        ? new HttpsAgent({ keepAlive: true, ...tls })
        : new HttpAgent({ keepAlive: true });
  }

  /** True if no request may be made any more. */
  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
    // With an error of its own: what ECONNRESET ends, the exporter would try again.
    for (const sockets of Object.values(this.agent.sockets))
      for (const socket of sockets ?? []) socket.destroy(new Error("given up"));
    this.agent.destroy();
  }
}
