import { readFileSync } from "node:fs";
import { Agent, fetch } from "undici";
import type { CertificateAuthority } from "./certificates.ts";
import { apiCases } from "./requests.ts";
import type { GatewayUnderTest, TlsFiles } from "./use-gateway.ts";

/** Certificates for everything of one gateway, from one authority. */
export function tlsFilesOf(authority: CertificateAuthority): TlsFiles {
  return {
    server: authority.issue("aibridge server"),
    client: authority.issue("data plane"),
    ca: authority.cert,
  };
}

/**
 * Sends a message through the data plane and waits until it is recorded.
 * @param ca path of the authority to trust, for a data plane that serves by TLS
 * @returns the interception's id
 */
export async function recordOne(gateway: GatewayUnderTest, ca?: string): Promise<string> {
  const dispatcher = new Agent(ca === undefined ? {} : { connect: { ca: readFileSync(ca) } });
  const { path, body } = apiCases.messages;
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify({ ...body, stream: true }),
    dispatcher,
  });
  await response.text();
  const id = response.headers.get("x-aibridge-interception-id") ?? "";
  await gateway.interception(id);
  await dispatcher.close();
  return id;
}
