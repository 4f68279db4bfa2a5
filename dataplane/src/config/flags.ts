import { defineCommand } from "@aibridge/proto/settings";

const logLevels = ["debug", "info", "warn", "error", "silent"];

/** Every setting of the `aibridge dataplane` command. */
export const dataplaneCommand = defineCommand({
  name: "dataplane",
  summary: "run a data plane: proxies AI traffic and records it",
  flags: {
    listen: {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:8080",
      description: "where AI clients connect",
    },
    "admin-listen": {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:8081",
      description: "where /healthz, /readyz and /metrics are served",
    },
    controlplane: {
      kind: "text",
      placeholder: "URL",
      default: "http://127.0.0.1:9090",
      description: "the control plane; serves every service that no flag of its own points elsewhere",
    },
    recorder: { kind: "text", placeholder: "URL", description: "RecorderService of a host platform" },
    actors: { kind: "text", placeholder: "URL", description: "ActorService of a host platform" },
    "tool-policy": { kind: "text", placeholder: "URL", description: "ToolPolicyService of a host platform" },
    "config-service": { kind: "text", placeholder: "URL", description: "ConfigService of a host platform" },
    config: {
      kind: "text",
      placeholder: "FILE",
      description:
        "configuration from this aibridge.yaml, without a configuration service; changes apply live",
    },
    "gateway-key": {
      kind: "text",
      placeholder: "KEY",
      secret: true,
      description: "opens the services; ./data/gateway.key is used if it is there and nothing else is given",
    },
    "gateway-id": {
      kind: "text",
      placeholder: "NAME",
      description: "name of this data plane in records; default random, kept in the spool folder",
    },
    spool: {
      kind: "text",
      placeholder: "DIR",
      default: "./data/spool",
      description: "folder where records are kept until they are delivered; data planes may share it",
    },
    "rpc-protocol": {
      kind: "text",
      choices: ["grpc", "connect"],
      default: "grpc",
      description: "how the services are called: gRPC over HTTP/2, or Connect over HTTP/1.1",
    },
    "rpc-ca": {
      kind: "text",
      placeholder: "FILE",
      description: "authorities (PEM) to trust for https service URLs, instead of the well-known ones",
    },
    "rpc-cert": {
      kind: "text",
      placeholder: "FILE",
      description: "certificate (PEM, with its chain) to show to https services that ask for one",
    },
    "rpc-key": {
      kind: "text",
      placeholder: "FILE",
      description: "private key of --rpc-cert (PEM, without a passphrase)",
    },
    "tls-cert": {
      kind: "text",
      placeholder: "FILE",
      description: "certificate of --listen (PEM, with its chain); changed files apply to new connections",
    },
    "tls-key": {
      kind: "text",
      placeholder: "FILE",
      description: "private key of --tls-cert (PEM, without a passphrase)",
    },
    "tls-client-ca": {
      kind: "text",
      placeholder: "FILE",
      description: "authorities (PEM); AI clients need a certificate that one of them has signed",
    },
    "admin-tls": {
      kind: "boolean",
      description: "serve --admin-listen by TLS too, with the same certificate and for clients without one",
    },
    "without-tool-rule": {
      kind: "text",
      repeat: true,
      choices: ["loose-thoughts", "loose-reasoning", "missed-calls"],
      description:
        "leave out one thing that is done so that providers take conversations with hidden calls of central\ntools (docs/central-tools.md)",
    },
    "shutdown-grace": {
      kind: "duration",
      default: "30s",
      description: "how long requests under way may finish after SIGTERM",
    },
    "insecure-plaintext": {
      kind: "boolean",
      description: "allow listeners and service URLs without TLS off this machine",
    },
    "metrics-prefix": {
      kind: "text",
      default: "aibridge_",
      description: "put before the name of every metric",
    },
    "metrics-initiator": { kind: "boolean", description: "label metrics with the actor's id" },
    "traces-endpoint": {
      kind: "text",
      placeholder: "URL",
      description:
        "collector that gets OpenTelemetry traces (OTLP/HTTP), such as http://127.0.0.1:4318/v1/traces;\nOTEL_EXPORTER_OTLP_ENDPOINT and the other OTEL_* variables are followed too (docs/observability.md)",
    },
    "log-level": {
      kind: "text",
      choices: logLevels,
      default: "info",
      description: "least severe level that is logged",
    },
  },
});
