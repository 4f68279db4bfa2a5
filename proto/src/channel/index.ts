/** What every call between aibridge processes has in common: version, keys, headers, ids. */
export { API_VERSION, API_VERSION_HEADER, checkApiVersion } from "./api-version.ts";
export {
  AUTHORIZATION_HEADER,
  channelInterceptor,
  INTERCEPTION_ID_HEADER,
  readBearer,
  TOKEN_HEADER,
} from "./authorization.ts";
export { plaintextProblem } from "./plaintext.ts";
export { digestSecret, MIN_KEY_LENGTH, secretsEqual } from "./secrets.ts";
export { SessionManager } from "./session-manager.ts";
export {
  CertificateFileError,
  type CertificatePart,
  type CertificatePaths,
  type Certificates,
  readCertificates,
} from "./tls/certificate-files.ts";
export { readClientCertificates, watchClientCertificates } from "./tls/open-client-certificates.ts";
export { type CertificateLog, certificateLog, openServerTls } from "./tls/open-server-tls.ts";
export { refusedHandshake, type ServerCertificatePaths, ServerTls } from "./tls/server-tls.ts";
export { tlsProblem } from "./tls/tls-problem.ts";
export { type CertificateEvents, WatchedCertificates } from "./tls/watched-certificates.ts";
export { isUuid, uuidFromBytes, uuidToBytes, uuidv7 } from "./uuid.ts";
