/**
 * The provider: answers every request with bytes that were prepared before the first one came. The first segment of the
 * path is the delivery (workloads.ts), the rest says which API.
 *
 * It works on bare sockets, since it shares the machine with what is being measured.
 *
 * Run as a child process with the file of the answers as its argument.
 */
import { createServer, type Socket } from "node:net";
import { readAnswers } from "./answers.ts";
import { type PreparedAnswer, prepareAnswer } from "./prepared-answer.ts";
import { carryOutOrders, reportReady } from "./topology/child-channel.ts";
import { MessageReader } from "./wire/message-reader.ts";
import { cpuWorkloads, memoryWorkloads, providerPath } from "./workloads.ts";

const PACE_MS = 1;
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

const [, , answersFile] = process.argv;
if (answersFile === undefined) throw new Error("usage: provider.ts ANSWERS_FILE");
const rendered = await readAnswers(answersFile);

/** By path. */
const answers = new Map<string, PreparedAnswer>();
for (const workload of [...cpuWorkloads, ...memoryWorkloads]) {
  answers.set(providerPath(workload), prepareAnswer(rendered[workload.api], workload.delivery));
}

/** What is still owed to the streams that are held open. */
const held: (() => void)[] = [];

function serve(socket: Socket): void {
  let path = "";
  const reader = new MessageReader({
    head: (startLine) => {
      path = startLine.slice(startLine.indexOf(" ") + 1, startLine.lastIndexOf(" "));
    },
    body: () => {},
    end: () => deliver(socket, answers.get(path)),
  });
  socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  socket.on("error", () => socket.destroy());
}

function deliver(socket: Socket, answer: PreparedAnswer | undefined): void {
  if (answer === undefined) {
    socket.write(NOT_FOUND);
    return;
  }
  const writes = answer.writes.values();
  const writeNext = () => {
    const { value, done } = writes.next();
    if (!done && !socket.destroyed) socket.write(value);
    return !done;
  };
  writeNext();
  if (answer.delivery === "paced") pace(writeNext);
  if (answer.delivery === "held") held.push(writeNext);
}

/** Writes on at the pace until there is nothing more to write. */
function pace(writeNext: () => boolean): void {
  const timer = setInterval(() => {
    if (!writeNext()) clearInterval(timer);
  }, PACE_MS);
}

/** The one order a provider knows: let go of the streams it holds. */
carryOutOrders(async () => {
  for (const writeNext of held.splice(0)) writeNext();
});

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => reportReady(server.address()));
