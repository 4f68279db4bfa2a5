/**
 * The load generator. It sends prepared requests over bare keep-alive sockets and compares every byte of every answer
 * with what the provider sent, so that no error path is ever measured.
 *
 * Run as a child process with the file of the answers as its argument.
 */
import { readAnswers } from "./answers.ts";
import { LoadConnection } from "./load-connection.ts";
import type { ConnectOrder, LoadOrder, LoadResult, RunOrder } from "./load-orders.ts";
import { percentile } from "./measure/statistics.ts";
import { prepareAnswer } from "./prepared-answer.ts";
import { prepareRequest } from "./requests.ts";
import { carryOutOrders, reportReady } from "./topology/child-channel.ts";
import { workloadNamed } from "./workloads.ts";

/** Connections that are made at a time: a listener's queue is shorter than the number of open streams. */
const CONNECT_AT_A_TIME = 50;

const [, , answersFile] = process.argv;
if (answersFile === undefined) throw new Error("usage: load.ts ANSWERS_FILE");
const answers = await readAnswers(answersFile);

/** What is connected: all to the same place, for the same request. */
const connections: LoadConnection[] = [];
let firstBodyBytes = 0;
let openStreams: Promise<unknown> | undefined;

async function connect(order: ConnectOrder): Promise<void> {
  for (const connection of connections.splice(0)) connection.close();
  const workload = workloadNamed(order.workload);
  const answer = prepareAnswer(answers[workload.api], workload.delivery);
  firstBodyBytes = answer.firstBodyBytes;
  const exchange = {
    port: order.port,
    request: prepareRequest(workload, order.path, order.port, order.token),
    expectedBody: answer.body,
  };
  while (connections.length < order.connections) {
    const count = Math.min(CONNECT_AT_A_TIME, order.connections - connections.length);
    const opening = Array.from({ length: count }, () => LoadConnection.open(exchange));
    connections.push(...(await Promise.all(opening)));
  }
}

async function run(order: RunOrder): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  const deadline = started + order.durationMs;
  await Promise.all(connections.map((connection) => sendUntil(deadline, connection, latencies)));
  return {
    requests: latencies.length,
    elapsedMs: performance.now() - started,
    p50Micros: percentile(latencies, 0.5) * 1000,
    p99Micros: percentile(latencies, 0.99) * 1000,
  };
}

async function sendUntil(deadline: number, connection: LoadConnection, latencies: number[]): Promise<void> {
  let now = performance.now();
  while (now < deadline) {
    await connection.send();
    const answered = performance.now();
    latencies.push(answered - now);
    now = answered;
  }
}

async function open(): Promise<void> {
  const firstWrites = connections.map((connection) => connection.receivedAtLeast(firstBodyBytes));
  openStreams = Promise.all(connections.map((connection) => connection.send()));
  // Whether they end well is asked by `finish`; until then a failure must not count as unhandled.
  openStreams.catch(() => {});
  await Promise.race([Promise.all(firstWrites), openStreams]);
}

async function finish(): Promise<void> {
  if (openStreams === undefined) throw new Error("no streams are open");
  await openStreams;
  openStreams = undefined;
}

carryOutOrders(async (received) => {
  const order = received as LoadOrder;
  switch (order.kind) {
    case "connect":
      return connect(order);
    case "run":
      return run(order);
    case "open":
      return open();
    case "finish":
      return finish();
  }
});
reportReady();
