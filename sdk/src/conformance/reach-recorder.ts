import { StreamRecordsRequestSchema } from "@aibridge/proto";
import { tlsProblem } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { callWithout } from "./record-calls.ts";
import { openConnection, type RecorderAddress, type RecorderConnection } from "./recorder-connection.ts";
import { RecorderStream } from "./recorder-stream.ts";
import { describeStatus, errorStatus, OK, type Status } from "./status.ts";

/** There is no recorder to check, or it cannot be spoken with: one sentence on why. */
export class RecorderUnreachable extends Error {
  override readonly name = "RecorderUnreachable";
}

/**
 * Looks whether there is a recorder that takes the key.
 * @returns whether it serves StreamRecords
 * @throws RecorderUnreachable
 */
export async function reachRecorder(
  address: RecorderAddress,
  timeoutMs: number,
): Promise<{ readonly streams: boolean }> {
  const connection = openConnection(address);
  try {
    const unary = await callOnce(connection, address, timeoutMs);
    const streams = address.protocol === "grpc" && (await servesStreams(connection, timeoutMs));
    if (unary.code === Code.Unimplemented && !streams) {
      throw new RecorderUnreachable(
        `what answers at ${address.url} is no RecorderService: ${describeStatus(unary)}`,
      );
    }
    return { streams };
  } finally {
    connection.close();
  }
}

/** A call that stores nothing, to tell a server that is away or refuses the key from a recorder with faults. */
async function callOnce(
  { recorder }: RecorderConnection,
  { url }: RecorderAddress,
  timeoutMs: number,
): Promise<Status> {
  try {
    await callWithout(recorder, "interception", { timeoutMs });
  } catch (error) {
    const status = errorStatus(error);
    switch (status.code) {
      case Code.Unauthenticated:
      case Code.PermissionDenied:
        throw new RecorderUnreachable(`${url} refuses the gateway key: ${describeStatus(status)}`);
      case Code.DeadlineExceeded:
        throw new RecorderUnreachable(`${url} gives no answer within ${timeoutMs / 1000} s`);
    }
    const problem = connectionProblem(error);
    if (problem !== undefined) {
      throw new RecorderUnreachable(`${url} cannot be reached: ${problem}`);
    }
    return status;
  }
  return { code: OK, message: "" };
}

/** What is wrong with the connection; undefined if the error is an answer. */
function connectionProblem(error: unknown): string | undefined {
  const { cause, rawMessage } = ConnectError.from(error);
  // Errors of sockets and of HTTP/2 have codes of their own.
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case undefined:
      return undefined;
    case "EPROTO":
      return "the TLS handshake failed; does it speak TLS?";
    case "ERR_HTTP2_ERROR":
      return "it does not speak HTTP/2, which gRPC needs; --rpc-protocol connect needs only HTTP/1.1";
    default:
      return tlsProblem(error) ?? rawMessage;
  }
}

async function servesStreams(connection: RecorderConnection, timeoutMs: number): Promise<boolean> {
  const stream = new RecorderStream(connection.recorder, timeoutMs);
  stream.sendRequest(create(StreamRecordsRequestSchema));
  stream.finish();
  const end = await stream.end();
  stream.cut();
  return end?.code !== Code.Unimplemented;
}
