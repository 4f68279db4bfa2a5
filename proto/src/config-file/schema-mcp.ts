import { RE2JS } from "re2js";
import { z } from "zod";
import { McpPinning } from "../../gen/aibridge/v1/config_pb.ts";
import { McpTransport } from "../../gen/aibridge/v1/tool_policy_pb.ts";
import { choice, duration, text, textLike, wholeNumber } from "./schema-leaf.ts";
import { list, section } from "./schema-shape.ts";
import { httpUrl } from "./schema-url.ts";

const SERVER_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
// Printable ASCII and tabs: what every HTTP implementation carries unchanged.
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** One entry of `mcp_servers`. */
export const mcpServerSchema = section({
  name: textLike(SERVER_NAME, "1 to 64 letters, digits, _ and -, such as deepwiki"),
  url: httpUrl(),
  transport: choice({
    auto: McpTransport.UNSPECIFIED,
    "streamable-http": McpTransport.STREAMABLE_HTTP,
    sse: McpTransport.SSE,
  }).default(McpTransport.UNSPECIFIED),
  headers: z
    .record(
      z.string().regex(HEADER_NAME, { error: "expected a header name such as x-team" }),
      textLike(HEADER_VALUE, "a header value of printable ASCII characters"),
      {
        error: (issue) =>
          issue.code === "invalid_type" ? "expected a mapping of names to values" : undefined,
      },
    )
    .default({}),
  access_token: text("a token that is not empty").optional(),
  tool_allow: pattern().default(""),
  tool_deny: pattern().default(""),
  actors: list(text('an actor, or "*" for all')).default(["*"]),
});

/** What {@link mcpServerSchema} reads. */
export type McpServerEntry = z.infer<typeof mcpServerSchema>;

/** The `mcp` section. */
export const mcpSchema = section({
  max_turns: wholeNumber(1, 1000).default(20),
  concurrency: wholeNumber(1, 1000).default(10),
  call_timeout: duration().default(60_000),
  discovery_budget: duration().default(2_000),
  pinning: choice({ off: McpPinning.OFF, warn: McpPinning.WARN, block: McpPinning.BLOCK }).default(
    McpPinning.OFF,
  ),
});

/** A pattern in RE2 syntax: the data plane matches in linear time, whatever a server calls its tools. */
function pattern() {
  return z.unknown().transform((value, context): string => {
    if (typeof value === "string" && compiles(value)) {
      return value;
    }
    context.addIssue({
      code: "custom",
      message: "expected a regular expression in RE2 syntax such as ^read_",
    });
    return z.NEVER;
  });
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
