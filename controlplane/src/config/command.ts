import { defineCommand } from "@aibridge/proto/settings";
import { OPTION_DEFAULTS } from "./options.ts";

/** The command line of the control plane. */
export const CONTROL_PLANE_COMMAND = defineCommand({
  name: "controlplane",
  summary: "Run the control plane: who is calling, which providers and tools, and the database of records.",
  flags: {
    listen: {
      kind: "text",
      placeholder: "HOST:PORT",
      description: "Address of the services (gRPC, Connect and gRPC-Web over HTTP/2 and HTTP/1.1).",
      default: OPTION_DEFAULTS.listen,
    },
    "admin-listen": {
      kind: "text",
      placeholder: "HOST:PORT",
      description: "Address of /healthz, /readyz and /metrics.",
      default: OPTION_DEFAULTS.adminListen,
    },
    database: {
      kind: "text",
      placeholder: "sqlite:PATH|mysql://USER:PASSWORD@HOST:PORT/DATABASE",
      description:
        "Where records and credentials are kept. Generated keys lie in the folder of the SQLite file, with MySQL in ./data.",
      default: OPTION_DEFAULTS.database,
      secret: true,
    },
    config: {
      kind: "text",
      placeholder: "FILE",
      description:
        "Configuration file (aibridge.yaml). Changes apply live. Without it there are no providers.",
    },
    "gateway-key": {
      kind: "text",
      placeholder: "KEY",
      description: "Key that data planes present. Without it, gateway.key beside the database.",
      secret: true,
    },
    "admin-key": {
      kind: "text",
      placeholder: "KEY",
      description: "Key that opens usage and administration. Without it, admin.key beside the database.",
      secret: true,
    },
    "tls-cert": {
      kind: "text",
      placeholder: "FILE",
      description: "Certificate of --listen (PEM, with its chain). Changed files apply to new connections.",
    },
    "tls-key": {
      kind: "text",
      placeholder: "FILE",
      description: "Private key of --tls-cert (PEM, without a passphrase).",
    },
    "tls-client-ca": {
      kind: "text",
      placeholder: "FILE",
      description: "Authorities (PEM); whoever calls needs a certificate that one of them has signed.",
    },
    "admin-tls": {
      kind: "boolean",
      description: "Serve --admin-listen by TLS too, with the same certificate and for clients without one.",
      default: false,
    },
    "insecure-plaintext": {
      kind: "boolean",
      description: "Allow addresses that other machines can reach without TLS.",
      default: false,
    },
    "log-level": {
      kind: "text",
      placeholder: "LEVEL",
      description: "Least severe log lines that are written to stderr.",
      choices: ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
      default: "info",
    },
  },
});
