/**
 * The base line: the least a correct reverse proxy does in Node. node:http in front, an undici pool behind, every chunk
 * written straight to the client; it reads nothing and records nothing.
 *
 * Run as a child process with the provider's origin as its argument.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";
import { reportReady } from "./topology/child-channel.ts";

/** Headers that belong to one connection and are made anew on the other side. */
const CONNECTION_HEADERS = new Set(["connection", "host", "keep-alive", "transfer-encoding"]);

/** Name and value in turn, as `IncomingMessage.rawHeaders` has them, without those of the connection. */
function endToEndHeaders(raw: readonly (string | Buffer)[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    if (!CONNECTION_HEADERS.has(name.toLowerCase())) kept.push(name, String(raw[index + 1]));
  }
  return kept;
}

/** Relays one answer to one client, with back-pressure, and lets go of the provider when the client is gone. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("close", () => this.#cancelUnlessFinished());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // A client may have left while its request was queued in the pool: without this look it would keep a connection.
    if (this.#response.closed) this.#cancelUnlessFinished();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const raw = (controller.rawHeaders ?? []) as (string | Buffer)[];
    this.#response.writeHead(status, endToEndHeaders(raw));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, _error: Error): void {
    if (this.#response.headersSent) {
      this.#response.destroy();
    } else {
      this.#response.writeHead(502).end();
    }
  }

  #cancelUnlessFinished(): void {
    if (!this.#response.writableFinished) this.#controller?.abort(new Error("the client is gone"));
  }
}

const [, , provider] = process.argv;
if (provider === undefined) throw new Error("usage: base-line.ts PROVIDER_ORIGIN");
const pool = new Pool(provider, { connections: null, pipelining: 1 });

/**
 * Takes the whole body before it asks the provider: undici sends bytes it has at hand for about 20 µs less than bytes
 * it has to read from a stream, at 1 KB as at 200 KB, and a gateway that looks at requests has them at hand as well.
 */
function proxy(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { url: path = "/", method = "GET" } = request;
    const headers = endToEndHeaders(request.rawHeaders);
    pool.dispatch({ path, method, headers, body: Buffer.concat(chunks) }, new Relay(response));
  });
}

const server = createServer(proxy);
server.listen(0, "127.0.0.1", () => reportReady(server.address()));
