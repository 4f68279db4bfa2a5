import { createServer } from "node:net";

/** Test processes that run at the same time take from different ranges, as a rule. */
const portsEach = 220;
const firstPort = 10_000 + (process.pid % 100) * portsEach;
/** Ports are taken in turn: one that was just given out, and is not listened on yet, is not given out again. */
let next = Math.floor(Math.random() * portsEach);

/**
 * A port that is free now, below the range from which the kernel takes ports of its own, so that a process may be
 * stopped and started again on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + (next++ % portsEach);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
