import type { Server, TLSSocket, TlsOptions } from "node:tls";
import type { CertificatePaths, Certificates } from "./certificate-files.ts";
import { type CertificateEvents, WatchedCertificates } from "./watched-certificates.ts";

/** Paths of a TLS listener's PEM files. */
export interface ServerCertificatePaths {
  /** The server's certificate, with the intermediate ones behind it. */
  readonly cert: string;
  /** Its private key, without a passphrase. */
  readonly key: string;
  /** Authorities one of which must have signed a client's certificate. @default clients need no certificate */
  readonly clientCa?: string | undefined;
}

/** How long a client may take to shake hands, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** TLS of a process's listeners, which share one certificate and follow its files. */
export class ServerTls {
  readonly #certificates: WatchedCertificates;

  /** @throws CertificateFileError */
  constructor({ cert, key, clientCa }: ServerCertificatePaths, events: CertificateEvents, pollMs?: number) {
    const paths: CertificatePaths = { cert, key, ca: clientCa };
    this.#certificates = new WatchedCertificates(paths, events, pollMs);
  }

  /** What new connections get. */
  get certificates(): Certificates {
    return this.#certificates.current;
  }

  /**
   * Makes a listener that uses new files for new connections; what is connected stays.
   * @param create given the options, makes a server of node:tls, node:https or the like
   * @param clients whether clients of this listener need a certificate, if authorities for them are given
   */
  listener<S extends Server>(create: (options: TlsOptions) => S, clients: "certified" | "any"): S {
    const optionsWith = ({ cert, key, ca }: Certificates): TlsOptions => ({
      cert,
      key,
      minVersion: "TLSv1.2",
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ...(clients === "certified" && ca !== undefined && { ca, requestCert: true, rejectUnauthorized: true }),
    });
    const server = create(optionsWith(this.#certificates.current));
    this.#certificates.subscribe((certificates) => server.setSecureContext(optionsWith(certificates)));
    return server;
  }

  close(): void {
    this.#certificates.close();
  }
}

/**
 * Why a server ended a connection during the TLS handshake, from its "tlsClientError" event.
 * @returns undefined for a client that just left, as port scans and TCP health checks do
 */
export function refusedHandshake(error: NodeJS.ErrnoException, socket: TLSSocket): string | undefined {
  // Node shakes hands with any client certificate and drops the connection afterwards, if it does not like it.
  const refusal: unknown = socket.authorizationError;
  if (refusal !== null && refusal !== undefined) {
    return `the client's certificate is not accepted (${String(refusal)})`;
  }
  switch (error.code) {
    case "ECONNRESET":
    case "EPIPE":
      return undefined;
    case "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE":
      return "the client sent no certificate";
    case "ERR_SSL_HTTP_REQUEST":
      return "the client speaks plain HTTP";
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return "the client did not finish the handshake in time";
    default:
      return /_ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA)$/.test(error.code ?? "")
        ? `the client does not accept this server's certificate (${error.code})`
        : (error.code ?? "unknown reason");
  }
}
