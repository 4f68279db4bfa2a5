import { createServer, type Server, type Socket } from "node:net";
import { type HttpProtocol, sniffProtocol } from "./sniff-protocol.ts";

/** Takes over a connection of which it is known what it speaks. */
export type Accept = (socket: Socket, protocol: HttpProtocol) => void;

/** Accepts plaintext connections; their first bytes tell what they speak. */
export function plaintextFront(accept: Accept): Server {
  return createServer((socket) => sniffProtocol(socket, (protocol) => accept(socket, protocol)));
}
