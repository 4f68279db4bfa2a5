import { MIN_KEY_LENGTH, plaintextProblem, readClientCertificates } from "@aibridge/proto/channel";
import { type Flag, nearest, readCommandLine, UsageError, type Values } from "@aibridge/proto/settings";
import { createUsageClient } from "../clients/index.ts";
import {
  type ConformanceOptions,
  checkRecorder,
  REQUIREMENTS,
  RecorderUnreachable,
  type RpcProtocol,
} from "../conformance/index.ts";
import { printJson } from "./admin-command.ts";
import type { CliCommand } from "./context.ts";
import { formatResult, formatSums } from "./format-conformance.ts";
import { safeLine } from "./safe-text.ts";

/** What the process exits with when there is no recorder to check. */
const EXIT_UNREACHABLE = 2;

const FLAGS = {
  url: { kind: "text", placeholder: "URL", required: true, description: "Where the recorder is." },
  "gateway-key": {
    kind: "text",
    placeholder: "KEY",
    secret: true,
    required: true,
    description: "A gateway key that the recorder accepts.",
  },
  "rpc-protocol": {
    kind: "text",
    choices: ["grpc", "connect"],
    default: "grpc",
    description: "How it is called: gRPC over HTTP/2, or Connect over HTTP/1.1 (unary methods only).",
  },
  "rpc-ca": {
    kind: "text",
    placeholder: "FILE",
    description: "Authorities (PEM) to trust for an https URL, instead of the well-known ones.",
  },
  "rpc-cert": {
    kind: "text",
    placeholder: "FILE",
    description: "Certificate (PEM, with its chain) to show to a recorder that asks for one.",
  },
  "rpc-key": {
    kind: "text",
    placeholder: "FILE",
    description: "Private key of --rpc-cert (PEM, without a passphrase).",
  },
  "insecure-plaintext": {
    kind: "boolean",
    description: "Send the keys unencrypted to a recorder on another machine.",
  },
  only: {
    kind: "text",
    placeholder: "ID,…",
    description: "Check these requirements only: REC-21,REC-22.",
  },
  timeout: {
    kind: "duration",
    default: "10s",
    description: "Longest wait for an answer. A data plane gives up a unary call after 10 s.",
  },
  "usage-url": {
    kind: "text",
    placeholder: "URL",
    description: "A UsageService over the same store: stored content is checked too. Needs --admin-key.",
  },
  "admin-key": {
    kind: "text",
    placeholder: "KEY",
    secret: true,
    description: "Opens the UsageService of --usage-url.",
  },
  json: { kind: "boolean", description: "Print one JSON document instead of text for people." },
} as const satisfies Record<string, Flag>;

type FlagValues = Values<typeof FLAGS>;

/** `aibridge conformance recorder`: exits with 0 if all passed, 1 if one failed, 2 if there is nothing to check. */
export const conformanceRecorder: CliCommand = {
  name: "conformance recorder",
  summary: "Check that a host's RecorderService keeps the contract. Writes sample records into it.",
  async run(argv, context) {
    const line = readCommandLine({ ...conformanceRecorder, flags: FLAGS }, argv, context.env);
    if (line.help) {
      context.stdout.write(line.text);
      return 0;
    }
    const { json } = line.values;
    const onResult: ConformanceOptions["onResult"] = (result) => {
      if (!json) {
        context.stdout.write(formatResult(result));
      }
    };
    try {
      const report = await checkRecorder({ ...conformanceOptions(line.values), onResult });
      if (json) {
        printJson(context, report);
      } else {
        context.stdout.write(formatSums(report));
      }
      return report.failed === 0 ? 0 : 1;
    } catch (error) {
      if (error instanceof RecorderUnreachable) {
        context.stderr.write(`aibridge: ${safeLine(error.message)}\n`);
        return EXIT_UNREACHABLE;
      }
      throw error;
    }
  },
};

function conformanceOptions(values: FlagValues): ConformanceOptions {
  const url = serviceUrl("--url", values.url, values["insecure-plaintext"]);
  const paths = { ca: values["rpc-ca"], cert: values["rpc-cert"], key: values["rpc-key"] };
  return {
    url,
    gatewayKey: gatewayKey(values["gateway-key"]),
    protocol: values["rpc-protocol"] as RpcProtocol,
    certificates: readClientCertificates(paths, url),
    timeoutMs: values.timeout,
    only: selection(values.only),
    usage: usageClient(values),
  };
}

function serviceUrl(flag: string, text: string, insecurePlaintext: boolean): string {
  const url = text.replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`${flag}: expected an http or https URL such as http://127.0.0.1:9090`);
  }
  const problem = insecurePlaintext ? undefined : plaintextProblem(url);
  if (problem !== undefined) {
    throw new UsageError(`${flag}: ${problem}`);
  }
  return url;
}

function gatewayKey(key: string): string {
  if (key.length < MIN_KEY_LENGTH || /[^\x21-\x7e]/.test(key)) {
    throw new UsageError(
      `--gateway-key: a key has at least ${MIN_KEY_LENGTH} characters, none of them a blank; was it copied whole?`,
    );
  }
  return key;
}

function selection(only: string | undefined): string[] | undefined {
  const ids = REQUIREMENTS.map(({ id }) => id);
  return only?.split(",").map((text) => {
    const id = text.trim().toUpperCase();
    if (!ids.includes(id)) {
      const guess = nearest(id, ids);
      throw new UsageError(
        `--only: there is no requirement ${id}${guess === undefined ? "" : `; did you mean ${guess}?`}`,
      );
    }
    return id;
  });
}

function usageClient(values: FlagValues): ConformanceOptions["usage"] {
  const { "usage-url": given, "admin-key": adminKey, "insecure-plaintext": insecurePlaintext } = values;
  if (given === undefined) {
    return undefined;
  }
  if (adminKey === undefined) {
    throw new UsageError("--usage-url needs --admin-key, AIBRIDGE_ADMIN_KEY or AIBRIDGE_ADMIN_KEY_FILE");
  }
  const url = serviceUrl("--usage-url", given, insecurePlaintext);
  const paths = { ca: values["rpc-ca"], cert: values["rpc-cert"], key: values["rpc-key"] };
  const certificates = url.startsWith("https:") ? readClientCertificates(paths, url) : undefined;
  return createUsageClient({ url, adminKey, insecurePlaintext, certificates });
}
