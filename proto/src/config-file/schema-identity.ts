import { isIP } from "node:net";
import { z } from "zod";
import { IdentityMode } from "../../gen/aibridge/v1/config_pb.ts";
import { isLoopback } from "../settings/listen-address.ts";
import { choice, duration, text, textLike } from "./schema-leaf.ts";
import { EVEN_IF_WRONG, list, section } from "./schema-shape.ts";
import { httpUrl } from "./schema-url.ts";

const MODES = {
  token: IdentityMode.TOKEN,
  trusted_header: IdentityMode.TRUSTED_HEADER,
  jwt: IdentityMode.JWT,
};

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Headers whose values mean something else to a data plane. */
const CREDENTIAL_HEADERS = ["authorization", "x-api-key", "x-aibridge-token"];

const members = section({
  mode: choice(MODES).default(IdentityMode.TOKEN),
  stale_for: duration().default(3_600_000),
  header: textLike(HEADER_NAME, "a header name such as x-forwarded-user").optional(),
  trusted_sources: list(cidr()).default([]),
  jwks_url: httpUrl().optional(),
  issuer: text().optional(),
  audience: text().optional(),
  actor_claim: text().default("sub"),
});

/** What {@link identitySchema} reads. */
export type IdentityEntry = z.infer<typeof members>;

/** The `identity` section. */
export const identitySchema = members.superRefine(checkMode, EVEN_IF_WRONG);

/** Runs on sections with wrong members too, so nothing here may be taken for granted. */
function checkMode(identity: Partial<IdentityEntry>, context: z.core.$RefinementCtx): void {
  const refuse = (key: keyof IdentityEntry, message: string) =>
    context.addIssue({ code: "custom", path: [key], message });
  const need = (key: keyof IdentityEntry, expected: string) => {
    if (identity[key] === undefined) {
      refuse(key, `is required: ${expected}`);
    }
  };
  if (identity.mode === IdentityMode.TRUSTED_HEADER) {
    need("header", "the header that holds the actor's id, such as x-forwarded-user");
    if (Array.isArray(identity.trusted_sources) && identity.trusted_sources.length === 0) {
      refuse("trusted_sources", 'is required: the peers that may set the header, such as ["10.0.0.0/8"]');
    }
    if (CREDENTIAL_HEADERS.includes(String(identity.header).toLowerCase())) {
      refuse("header", "expected a header of its own: this one holds credentials");
    }
  }
  if (identity.mode === IdentityMode.JWT) {
    need("jwks_url", "where the signing keys are, such as https://id.example.com/.well-known/jwks.json");
    need("issuer", "the iss claim that tokens must have");
    need("audience", "the aud claim that tokens must have");
    if (isPlainToOthers(String(identity.jwks_url))) {
      refuse(
        "jwks_url",
        "expected https: over plain http anybody on the way could put keys of their own there",
      );
    }
  }
}

function isPlainToOthers(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === "http:" && !isLoopback(parsed.hostname);
}

/** A range of IP addresses: "10.0.0.0/8", "fd00::/8". */
function cidr() {
  return z.unknown().transform((value, context): string => {
    const [, address = "", bits = ""] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(String(value)) ?? [];
    const widest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    if (bits !== "" && Number(bits) <= widest) {
      return `${address}/${bits}`;
    }
    context.addIssue({
      code: "custom",
      message: "expected a range of addresses such as 10.0.0.0/8 or fd00::/8",
    });
    return z.NEVER;
  });
}
