import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { UsageService } from "@aibridge/proto";
import { create, fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { runCommand } from "./run-command.ts";
import type { TlsFiles } from "./use-gateway.ts";

/** A control plane, as a client that is not part of this project sees it. */
export interface ControlPlaneAddress {
  readonly url: string;
  readonly adminKey: string;
  /** Certificates for mutual TLS; undefined: plaintext. */
  readonly tls: Pick<TlsFiles, "client" | "ca"> | undefined;
}

const root = resolve(import.meta.dirname, "../..");
const buf = resolve(root, "node_modules/.bin/buf");
const { listInterceptions } = UsageService.method;
const procedure = `${UsageService.typeName}/${listInterceptions.name}`;

/** Lists with curl: Connect as JSON. @returns ids, newest first */
export async function listByCurl(address: ControlPlaneAddress, ...flags: string[]): Promise<string[]> {
  return idsOf(
    await command("curl", [
      ...["--silent", "--show-error", "--fail-with-body", ...flags, ...certificateFlags(address)],
      ...["--header", "content-type: application/json", "--header", authorization(address), "--data", "{}"],
      `${address.url}/${procedure}`,
    ]),
  );
}

/** Lists with buf curl. @param schema from where it knows the messages: the .proto files, else reflection */
export async function listByBuf(
  address: ControlPlaneAddress,
  protocol: "grpc" | "grpcweb" | "connect",
  schema: "files" | "reflection",
): Promise<string[]> {
  const connection = address.tls ? certificateFlags(address) : ["--http2-prior-knowledge"];
  return idsOf(
    await command(buf, [
      ...["curl", "--protocol", protocol, ...connection, "--header", authorization(address), "--data", "{}"],
      ...(schema === "files" ? ["--schema", root] : ["--reflect"]),
      `${address.url}/${procedure}`,
    ]),
  );
}

/** Lists with @grpc/grpc-js. */
export async function listByGrpcJs(address: ControlPlaneAddress): Promise<string[]> {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${address.adminKey}`);
  const { interceptions } = await callByGrpcJs(address, metadata);
  return interceptions.map(({ interception }) => interception?.id ?? "");
}

/** One call of ListInterceptions with @grpc/grpc-js. Rejects with a grpc.ServiceError. */
export async function callByGrpcJs({ url, tls }: ControlPlaneAddress, metadata: grpc.Metadata) {
  // It takes no addresses for the name in a certificate.
  const client = new grpc.Client(`localhost:${new URL(url).port}`, credentials(tls));
  try {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        `/${procedure}`,
        (message: Uint8Array) => Buffer.from(message),
        (message: Buffer) => message,
        toBinary(listInterceptions.input, create(listInterceptions.input)),
        metadata,
        (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error)),
      );
    });
    return fromBinary(listInterceptions.output, bytes);
  } finally {
    client.close();
  }
}

function credentials(tls: ControlPlaneAddress["tls"]): grpc.ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  const { ca, client } = tls;
  return grpc.credentials.createSsl(readFileSync(ca), readFileSync(client.key), readFileSync(client.cert));
}

/** Flags of curl and buf curl for mutual TLS. */
export function certificateFlags({ tls }: ControlPlaneAddress): string[] {
  return tls ? ["--cacert", tls.ca, "--cert", tls.client.cert, "--key", tls.client.key] : [];
}

function authorization({ adminKey }: ControlPlaneAddress): string {
  return `authorization: Bearer ${adminKey}`;
}

async function command(file: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(file, args);
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

function idsOf(json: string): string[] {
  const { interceptions } = fromJsonString(listInterceptions.output, json);
  return interceptions.map(({ interception }) => interception?.id ?? "");
}
