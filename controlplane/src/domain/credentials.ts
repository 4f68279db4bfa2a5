import { randomBytes } from "node:crypto";
import { digestSecret, isUuid, uuidv7 } from "@aibridge/proto/channel";
import type { CredentialStore, GatewayKey, Token } from "../store/store.ts";
import type { Changes } from "./changes.ts";
import { idCursor } from "./cursors.ts";
import { Failure } from "./failure.ts";
import { type Clock, microsOfMillis } from "./micros.ts";
import { type Page, type PageRequest, readPage, readRows } from "./page.ts";

const TOKEN_PREFIX = "aib_";
const GATEWAY_KEY_PREFIX = "aibgw_";
const SECRET_BYTES = 32;
const MAX_NAME_CHARACTERS = 255;
/** 9999-12-31T23:59:59Z, the last time a Timestamp can hold. */
const LAST_MICROS = 253_402_300_799_000_000n;

const TOKEN_CURSOR = idCursor<Token>("tokens");
const GATEWAY_KEY_CURSOR = idCursor<GatewayKey>("gateway_keys");

/** Something new with its secret, which is shown this once. */
export interface Created<T> {
  readonly secret: string;
  readonly created: T;
}

/** Makes, lists and revokes tokens of actors and keys of gateways. */
export class Credentials {
  readonly #store: CredentialStore;
  readonly #changes: Changes;
  readonly #clock: Clock;

  constructor(store: CredentialStore, changes: Changes, clock: Clock) {
    this.#store = store;
    this.#changes = changes;
    this.#clock = clock;
  }

  /**
   * Makes a token.
   * @param ttl microseconds it is good for; undefined: for ever
   * @throws Failure "invalid_argument"
   */
  async createToken(actor: string, name: string, ttl: bigint | undefined): Promise<Created<Token>> {
    checkName("actor", actor, 1);
    checkName("name", name, 0);
    const secret = newSecret(TOKEN_PREFIX);
    const now = this.#clock();
    const createdAt = microsOfMillis(now);
    const created = {
      id: uuidv7(now),
      actor,
      name,
      createdAt,
      expiresAt: expiryOf(createdAt, ttl),
      revokedAt: null,
    };
    await this.#store.addToken(created, digestSecret(secret));
    this.#changes.tokenCreated.publish(created);
    return { secret, created };
  }

  /** @throws Failure "invalid_argument" for a wrong page */
  listTokens(page: PageRequest, actor: string | undefined): Promise<Page<Token>> {
    return readPage(page, TOKEN_CURSOR, (after, size) =>
      readRows(size, (limit) => this.#store.listTokens({ actor, after, limit })),
    );
  }

  /** Makes a token worthless and tells everyone who may have cached it. @throws Failure "not_found" */
  async revokeToken(id: string): Promise<void> {
    const known = isUuid(id) && (await this.#store.revokeToken(id, microsOfMillis(this.#clock())));
    if (!known) {
      throw new Failure("not_found", "there is no token with this id");
    }
    this.#changes.tokenWorthless.publish(id);
  }

  /** @throws Failure "invalid_argument" */
  async createGatewayKey(name: string): Promise<Created<GatewayKey>> {
    checkName("name", name, 1);
    const secret = newSecret(GATEWAY_KEY_PREFIX);
    const now = this.#clock();
    const created = { id: uuidv7(now), name, createdAt: microsOfMillis(now), revokedAt: null };
    await this.#store.addGatewayKey(created, digestSecret(secret));
    return { secret, created };
  }

  /** @throws Failure "invalid_argument" for a wrong page */
  listGatewayKeys(page: PageRequest): Promise<Page<GatewayKey>> {
    return readPage(page, GATEWAY_KEY_CURSOR, (after, size) =>
      readRows(size, (limit) => this.#store.listGatewayKeys({ after, limit })),
    );
  }

  /** Makes a gateway key worthless and ends the streams opened with it. @throws Failure "not_found" */
  async revokeGatewayKey(id: string): Promise<void> {
    const known = isUuid(id) && (await this.#store.revokeGatewayKey(id, microsOfMillis(this.#clock())));
    if (!known) {
      throw new Failure("not_found", "there is no gateway key with this id");
    }
    this.#changes.gatewayKeyRevoked.publish(id);
  }
}

function newSecret(prefix: string): string {
  return prefix + randomBytes(SECRET_BYTES).toString("base64url");
}

function checkName(member: string, value: string, shortest: number): void {
  const length = [...value].length;
  const blank = shortest > 0 && value.trim() === "";
  if (blank || length > MAX_NAME_CHARACTERS) {
    throw new Failure(
      "invalid_argument",
      `${member} must have ${shortest} to ${MAX_NAME_CHARACTERS} characters`,
    );
  }
  if (/\p{Cc}/u.test(value)) {
    throw new Failure("invalid_argument", `${member} must not have control characters`);
  }
}

function expiryOf(createdAt: bigint, ttl: bigint | undefined): bigint | null {
  if (ttl === undefined) {
    return null;
  }
  const expiresAt = createdAt + ttl;
  if (ttl <= 0n || expiresAt > LAST_MICROS) {
    throw new Failure("invalid_argument", "ttl must be positive and end before the year 10000");
  }
  return expiresAt;
}
