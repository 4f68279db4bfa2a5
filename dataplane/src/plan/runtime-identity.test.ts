import { IdentityMode, IdentitySchema } from "@aibridge/proto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { runtimeIdentity } from "./runtime-identity.ts";

const identityOf = (init: MessageInitShape<typeof IdentitySchema>) =>
  runtimeIdentity(create(IdentitySchema, init));
const header = {
  mode: IdentityMode.TRUSTED_HEADER,
  trustedHeader: "X-Remote-User",
  trustedSources: ["10.0.0.0/8", "fd00::/8", "::ffff:192.168.0.0/112", "fe80::/10"],
};
const jwt = {
  mode: IdentityMode.JWT,
  jwksUrl: "https://id.example.com/keys",
  issuer: "https://id.example.com",
  audience: "aibridge",
};

test.each([[undefined], [create(IdentitySchema)], [create(IdentitySchema, { mode: IdentityMode.TOKEN })]])(
  "%o identifies by token",
  (identity) => {
    expect(runtimeIdentity(identity)).toEqual({
      staleForMs: 3_600_000,
      rules: { mode: "token" },
      trustedHeader: undefined,
    });
  },
);

test("jwt: the actor is the subject unless another claim is named", () => {
  const rules = {
    mode: "jwt",
    jwksUrl: "https://id.example.com/keys",
    issuer: "https://id.example.com",
    audience: "aibridge",
  };
  expect(identityOf(jwt).rules).toEqual({ ...rules, actorClaim: "sub" });
  expect(identityOf({ ...jwt, actorClaim: "email" }).rules).toEqual({ ...rules, actorClaim: "email" });
});

test.each(["http://127.0.0.1:8000/keys", "http://localhost/keys", "http://[::1]/keys"])(
  "jwt: %s is on this machine and may be plain",
  (jwksUrl) => {
    expect(identityOf({ ...jwt, jwksUrl }).rules).toMatchObject({ mode: "jwt", jwksUrl });
  },
);

test.each([
  ["10.255.255.255", true],
  ["11.0.0.0", false],
  ["::ffff:10.1.2.3", true],
  ["::ffff:11.0.0.0", false],
  ["192.168.3.4", true],
  ["::ffff:192.168.3.4", true],
  ["fd12::1", true],
  ["fc12::1", false],
  ["fe80::1%eth0", true],
  ["127.0.0.1", false],
  ["::1", false],
  ["10.1.2.3.4", false],
  ["", false],
  [undefined, false],
])("trusted_header: peer %s is trusted: %s", (peer, trusted) => {
  const { rules, trustedHeader } = identityOf(header);
  expect(trustedHeader).toBe("x-remote-user");
  expect(rules).toMatchObject({ mode: "trusted_header", header: "x-remote-user" });
  expect(rules.mode === "trusted_header" && rules.trusts(peer)).toBe(trusted);
});

test.each<[MessageInitShape<typeof IdentitySchema>, RegExp]>([
  [{ mode: 99 as IdentityMode }, /^identity\.mode: /],
  [{ ...header, trustedHeader: "" }, /^identity\.header is required/],
  [{ ...header, trustedHeader: "remote user" }, /^identity\.header is not the name of a header$/],
  [{ ...header, trustedHeader: "Authorization" }, /^identity\.header: authorization holds credentials/],
  [{ ...header, trustedHeader: "x-aibridge-token" }, /^identity\.header: x-aibridge-token holds/],
  [{ ...header, trustedSources: [] }, /^identity\.trusted_sources is required/],
  [{ ...header, trustedSources: ["10.0.0.0/33"] }, /^identity\.trusted_sources: "10\.0\.0\.0\/33"/],
  [{ ...header, trustedSources: ["10.0.0.1"] }, /^identity\.trusted_sources: "10\.0\.0\.1"/],
  [{ ...header, trustedSources: ["::/129"] }, /^identity\.trusted_sources: "::\/129"/],
  [{ ...header, trustedSources: ["proxy/8"] }, /^identity\.trusted_sources: "proxy\/8"/],
  [{ ...jwt, jwksUrl: "" }, /^identity\.jwks_url is required/],
  [{ ...jwt, jwksUrl: "keys.json" }, /^identity\.jwks_url is not an http or https URL$/],
  [{ ...jwt, jwksUrl: "file:///keys.json" }, /^identity\.jwks_url is not an http or https URL$/],
  [{ ...jwt, jwksUrl: "http://id.example.com/keys" }, /^identity\.jwks_url: plain http/],
  [{ ...jwt, jwksUrl: "https://user:secret@id.example.com/" }, /^identity\.jwks_url must not contain/],
  [{ ...jwt, issuer: "" }, /^identity\.issuer is required/],
  [{ ...jwt, audience: "" }, /^identity\.audience is required/],
])("%o is refused", (init, message) => {
  expect(() => identityOf(init)).toThrow(ConfigError);
  expect(() => identityOf(init)).toThrow(message);
});
