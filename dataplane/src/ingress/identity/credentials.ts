import type { PresentedCredential } from "../../control/ports.ts";
import type { UpstreamCredential } from "../../upstream/credential.ts";

/** What a request says of who makes it, read from its headers alone. */
export interface Credentials {
  /** What names the caller. Secret; never goes upstream. */
  readonly identity: PresentedCredential;
  /** The user's own provider credential, undefined where the central key pays. Secret. */
  readonly byok: UpstreamCredential | undefined;
}
