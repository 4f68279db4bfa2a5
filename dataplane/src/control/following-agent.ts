import { Agent } from "node:https";
import type { WatchedCertificates } from "@aibridge/proto/channel";

/** Keeps HTTP/1.1 connections to services; new ones use the certificate files as they are then. */
export class FollowingAgent extends Agent {
  readonly #certificates: WatchedCertificates;

  constructor(certificates: WatchedCertificates) {
    // A resumed session would be trusted for what was checked when it began.
    super({ keepAlive: true, maxCachedSessions: 0, minVersion: "TLSv1.2" });
    this.#certificates = certificates;
  }

  override createConnection(...[options, callback]: Parameters<Agent["createConnection"]>) {
    return super.createConnection({ ...options, ...this.#certificates.current }, callback);
  }
}
