const UNTRUSTED = new Set([
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_CA",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** TLS alerts with which a server refuses a client's certificate, as OpenSSL names them (RFC 8446, section 6.2). */
const REFUSED_CLIENT =
  /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(?:ACCESS_DENIED|BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)$/;

/**
 * What is wrong between a client and a server it tried to reach by TLS.
 * @param error what the attempt failed with; its causes are looked at too
 * @returns a clause whose subject is the server, undefined if the failure has nothing to do with TLS
 */
export function tlsProblem(error: unknown): string | undefined {
  for (
    let reason = error, depth = 0;
    reason instanceof Error && depth < 5;
    reason = reason.cause, depth += 1
  ) {
    const { code } = reason as NodeJS.ErrnoException;
    const problem = typeof code === "string" ? describe(code, reason.message) : undefined;
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function describe(code: string, message: string): string | undefined {
  if (UNTRUSTED.has(code)) {
    return `its certificate is not signed by an authority that is trusted here (${code})`;
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet; is the clock right?";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for another host (${message})`;
    case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
      return "it asks for a client certificate";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "it does not speak TLS";
  }
  if (REFUSED_CLIENT.test(code)) {
    return `it refuses the client certificate (${code})`;
  }
  return /^ERR_(?:SSL|TLS)_|^CERT_/.test(code) ? `TLS failed (${code})` : undefined;
}
