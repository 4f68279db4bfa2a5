/** Version of the contract this build speaks: major, then minor. Minors only add. */
export const API_VERSION = "1.0";

/** Request header in which every call between aibridge processes names its version. */
export const API_VERSION_HEADER = "x-aibridge-api-version";

/**
 * Checks the version a caller sent in {@link API_VERSION_HEADER} against this server's.
 * @param sent value of the header; a call without one is accepted (curl, grpcurl)
 * @returns undefined if this server can serve it, else the message of the FAILED_PRECONDITION, naming both versions
 */
export function checkApiVersion(sent: string | null | undefined): string | undefined {
  if (sent === null || sent === undefined) {
    return undefined;
  }
  const caller = readVersion(sent);
  if (caller === undefined) {
    return `${API_VERSION_HEADER} is not of the form MAJOR.MINOR; this server speaks ${API_VERSION}`;
  }
  const own = readVersion(API_VERSION) ?? { major: 0, minor: 0 };
  if (caller.major !== own.major) {
    return `the caller speaks API version ${caller.major}.${caller.minor}, this server ${API_VERSION}: run the same major version on both sides`;
  }
  if (caller.minor > own.minor) {
    return `the caller speaks API version ${caller.major}.${caller.minor}, this server only ${API_VERSION}: update the server first`;
  }
  return undefined;
}

function readVersion(text: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d{1,5})\.(\d{1,5})$/.exec(text.trim()) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
