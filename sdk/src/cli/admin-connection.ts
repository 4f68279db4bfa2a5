import { readFileSync } from "node:fs";
import { plaintextProblem, readClientCertificates } from "@aibridge/proto/channel";
import { type Flag, UsageError } from "@aibridge/proto/settings";
import type { AdminClientOptions } from "../clients/index.ts";

/** Where a control plane with default settings, started in this folder, leaves its generated admin key. */
const DEFAULT_KEY_FILE = "./data/admin.key";

/** Nobody waits longer than this for an answer at a terminal. */
const CALL_TIMEOUT_MS = 60_000;

/** Flags of every command that talks to a control plane. */
export const ADMIN_FLAGS = {
  controlplane: {
    kind: "text",
    placeholder: "URL",
    default: "http://127.0.0.1:9090",
    description: "Where the control plane is.",
  },
  "admin-key": {
    kind: "text",
    placeholder: "KEY",
    secret: true,
    description: `Admin key of the control plane. If none is given, the file ${DEFAULT_KEY_FILE} is used where it exists.`,
  },
  "rpc-ca": {
    kind: "text",
    placeholder: "FILE",
    description: "Authorities (PEM) to trust for an https control plane, instead of the well-known ones.",
  },
  "rpc-cert": {
    kind: "text",
    placeholder: "FILE",
    description: "Certificate (PEM, with its chain) to show to a control plane that asks for one.",
  },
  "rpc-key": {
    kind: "text",
    placeholder: "FILE",
    description: "Private key of --rpc-cert (PEM, without a passphrase).",
  },
  "insecure-plaintext": {
    kind: "boolean",
    description: "Send the admin key unencrypted to a control plane on another machine.",
  },
  json: { kind: "boolean", description: "Print one JSON document instead of text for people." },
} as const satisfies Record<string, Flag>;

/** Values of {@link ADMIN_FLAGS} that decide the connection. */
export interface AdminFlagValues {
  controlplane: string;
  "admin-key": string | undefined;
  "rpc-ca": string | undefined;
  "rpc-cert": string | undefined;
  "rpc-key": string | undefined;
  "insecure-plaintext": boolean;
}

/** How to reach the control plane. @throws UsageError if the URL, a file or the key cannot be used */
export function adminConnection(values: AdminFlagValues): AdminClientOptions {
  const url = values.controlplane.replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError("--controlplane: expected an http or https URL such as http://127.0.0.1:9090");
  }
  const insecurePlaintext = values["insecure-plaintext"];
  const problem = insecurePlaintext ? undefined : plaintextProblem(url);
  if (problem !== undefined) {
    throw new UsageError(`--controlplane: ${problem}`);
  }
  const adminKey = values["admin-key"] ?? readDefaultKey();
  if (/[^\x21-\x7e]/.test(adminKey)) {
    throw new UsageError("the admin key holds characters that no key has; was it copied whole?");
  }
  const paths = { ca: values["rpc-ca"], cert: values["rpc-cert"], key: values["rpc-key"] };
  const certificates = readClientCertificates(paths, url);
  return { url, adminKey, insecurePlaintext, certificates, timeoutMs: CALL_TIMEOUT_MS };
}

function readDefaultKey(): string {
  try {
    return readFileSync(DEFAULT_KEY_FILE, "utf8").trim();
  } catch {
    throw new UsageError(
      `no admin key: give --admin-key, AIBRIDGE_ADMIN_KEY or AIBRIDGE_ADMIN_KEY_FILE, or run this where ${DEFAULT_KEY_FILE} can be read`,
    );
  }
}
