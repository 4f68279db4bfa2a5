import { BlockList, isIP } from "node:net";
import { type Identity, IdentityMode } from "@aibridge/proto";
import { isLoopback } from "@aibridge/proto/settings";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { JwtRules } from "../control/ports.ts";
import { ConfigError } from "./config-error.ts";

/** How callers are told apart. */
export type IdentityRules =
  | { readonly mode: "token" }
  | {
      readonly mode: "trusted_header";
      /** Lower-case name of the header that holds the actor's id. */
      readonly header: string;
      /** Whether a TCP peer may set that header. */
      trusts(peer: string | undefined): boolean;
    }
  | ({ readonly mode: "jwt" } & JwtRules);

export interface RuntimeIdentity {
  /** Milliseconds for which a cached actor serves while the actor service is unreachable. */
  readonly staleForMs: number;
  readonly rules: IdentityRules;
  /** The header of trusted_header mode, which never goes upstream; undefined in the other modes. */
  readonly trustedHeader: string | undefined;
}

const defaultStaleForMs = 3_600_000;

/** Converts the Identity of a Config. Throws a ConfigError that names the member as aibridge.yaml does. */
export function runtimeIdentity(identity: Identity | undefined): RuntimeIdentity {
  const rules = identityRules(identity);
  return {
    staleForMs: identity?.staleFor === undefined ? defaultStaleForMs : durationMs(identity.staleFor),
    rules,
    trustedHeader: rules.mode === "trusted_header" ? rules.header : undefined,
  };
}

function identityRules(identity: Identity | undefined): IdentityRules {
  switch (identity?.mode) {
    case undefined:
    case IdentityMode.UNSPECIFIED:
    case IdentityMode.TOKEN:
      return { mode: "token" };
    case IdentityMode.TRUSTED_HEADER:
      return {
        mode: "trusted_header",
        header: headerName(identity.trustedHeader),
        trusts: peerCheck(identity.trustedSources),
      };
    case IdentityMode.JWT:
      return {
        mode: "jwt",
        jwksUrl: jwksUrl(identity.jwksUrl),
        issuer: required("issuer", identity.issuer),
        audience: required("audience", identity.audience),
        actorClaim: identity.actorClaim || "sub",
      };
    default:
      throw new ConfigError("identity.mode: this version of the data plane does not know this mode");
  }
}

function required(member: string, value: string): string {
  if (value === "") throw new ConfigError(`identity.${member} is required in this mode`);
  return value;
}

/** Headers whose values mean something else to the gateway. */
const reservedHeaders = new Set(["authorization", "x-api-key", "x-aibridge-token"]);

function headerName(text: string): string {
  const name = required("header", text).toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
    throw new ConfigError("identity.header is not the name of a header");
  if (reservedHeaders.has(name))
    throw new ConfigError(`identity.header: ${name} holds credentials and cannot name the actor`);
  return name;
}

function peerCheck(sources: readonly string[]): (peer: string | undefined) => boolean {
  if (sources.length === 0)
    throw new ConfigError("identity.trusted_sources is required: the peers that may set the header");
  const list = new BlockList();
  for (const source of sources) addRange(list, source);
  return (peer) => {
    // The zone of a link-local address ("fe80::1%eth0") says where it is, not who.
    const address = peer?.replace(/%.*$/, "") ?? "";
    const version = isIP(address);
    // An IPv4 peer of a dual-stack listener is "::ffff:10.0.0.1"; BlockList takes both forms for the same address.
    return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
  };
}

function addRange(list: BlockList, source: string): void {
  const [, address = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(source) ?? [];
  const version = isIP(address);
  if (version === 0 || address.includes("%") || Number(bits) > (version === 4 ? 32 : 128))
    throw new ConfigError(
      `identity.trusted_sources: ${JSON.stringify(source)} is not a range of addresses such as 10.0.0.0/8`,
    );
  list.addSubnet(address, Number(bits), version === 4 ? "ipv4" : "ipv6");
}

function jwksUrl(text: string): string {
  const url = URL.parse(required("jwks_url", text));
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new ConfigError("identity.jwks_url is not an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw new ConfigError("identity.jwks_url must not contain credentials");
  // Who can change these keys on their way can be anybody.
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw new ConfigError("identity.jwks_url: plain http is for this machine only, use https");
  return url.href;
}
