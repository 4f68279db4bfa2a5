import {
  ActorService,
  AdminService,
  ConfigService,
  RecorderService,
  ToolPolicyService,
  UsageService,
} from "@aibridge/proto";
import {
  API_VERSION_HEADER,
  AUTHORIZATION_HEADER,
  checkApiVersion,
  digestSecret,
  readBearer,
  secretsEqual,
} from "@aibridge/proto/channel";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { CredentialStore } from "../store/store.ts";
import { CALLER, type Caller } from "./caller.ts";

/** What opens each service. Services that are not named here, health and reflection, are open. */
const OPENED_BY: ReadonlyMap<string, Caller["kind"]> = new Map([
  [RecorderService.typeName, "gateway"],
  [ActorService.typeName, "gateway"],
  [ToolPolicyService.typeName, "gateway"],
  [ConfigService.typeName, "gateway"],
  [UsageService.typeName, "admin"],
  [AdminService.typeName, "admin"],
]);

/** Finds out who calls and refuses those who may not, before any of the request's body is read. */
export class RequestGate {
  readonly #gatewayKey: Uint8Array;
  readonly #adminKey: Uint8Array;
  readonly #keys: Pick<CredentialStore, "findGatewayKey">;

  constructor(
    secrets: { gatewayKey: string; adminKey: string },
    keys: Pick<CredentialStore, "findGatewayKey">,
  ) {
    this.#gatewayKey = digestSecret(secrets.gatewayKey);
    this.#adminKey = digestSecret(secrets.adminKey);
    this.#keys = keys;
  }

  /** Leaves the caller under {@link CALLER}. @throws ConnectError */
  readonly check = async (context: HandlerContext): Promise<void> => {
    const opener = OPENED_BY.get(context.service.typeName);
    if (opener === undefined) {
      return;
    }
    const caller = await this.#identify(context.requestHeader.get(AUTHORIZATION_HEADER));
    if (caller.kind !== opener) {
      throw new ConnectError(
        `this is a ${caller.kind} key; ${context.service.typeName} needs a key of the kind ${opener}`,
        Code.PermissionDenied,
      );
    }
    const versionProblem = checkApiVersion(context.requestHeader.get(API_VERSION_HEADER));
    if (versionProblem !== undefined) {
      throw new ConnectError(versionProblem, Code.FailedPrecondition);
    }
    context.values.set(CALLER, caller);
  };

  async #identify(authorization: string | null): Promise<Caller> {
    const secret = readBearer(authorization);
    if (secret === undefined) {
      throw new ConnectError("send a key as authorization: Bearer <key>", Code.Unauthenticated);
    }
    const digest = digestSecret(secret);
    if (secretsEqual(digest, this.#gatewayKey)) {
      return { kind: "gateway", key: "bootstrap" };
    }
    if (secretsEqual(digest, this.#adminKey)) {
      return { kind: "admin" };
    }
    const key = await this.#keys.findGatewayKey(digest);
    if (key === undefined || key.revokedAt !== null) {
      throw new ConnectError("the key is not known or was revoked", Code.Unauthenticated);
    }
    return { kind: "gateway", key: "created", id: key.id, name: key.name };
  }
}
