import type { ClientHttp2Stream, Http2Session } from "node:http2";
import { Http2SessionManager } from "@connectrpc/connect-node";

/**
 * A session manager whose dying sessions cannot end the process.
 *
 * A session that is destroyed with an error (a ping that timed out) emits it only once its socket has closed. A request
 * made in between replaces the session, and connect-node then takes its listeners off the old one: its error would have
 * nobody to go to, which Node treats as uncaught.
 */
export class SessionManager extends Http2SessionManager {
  readonly #guarded = new WeakSet<Http2Session>();

  override async request(...call: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...call);
    const { session } = stream;
    if (session !== undefined && !this.#guarded.has(session)) {
      this.#guarded.add(session);
      session.on("error", () => undefined);
    }
    return stream;
  }
}
