import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Time for which a client that was refused may still send, in milliseconds. A connection that is closed on bytes that
 * were not read is reset, and a reset makes many clients drop the answer that explains it.
 */
const lingerMs = 2_000;

/** Ends an answer to a request that may still be coming in: what comes is thrown away until its end, for a while. */
export function endAndDiscard(request: IncomingMessage, response: ServerResponse, body: string): void {
  if (request.complete) return void response.end(body);
  // With its content-length known to the client, the answer is whole before it is ended here.
  response.write(body);
  const timer = setTimeout(end, lingerMs);
  function end(): void {
    clearTimeout(timer);
    response.end();
  }
  request.once("close", end).resume();
}

/** Sends the last bytes on a connection without a response object, and closes it once the client had time for them. */
export function closeWith(socket: Duplex, bytes: string): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  // After an upgrade nobody else listens: a reset by the client would end the process.
  socket.on("error", () => socket.destroy());
  socket.once("close", () => clearTimeout(timer));
  socket.end(bytes);
  socket.resume();
}
