import {
  type AdminService,
  ApproveToolsResponseSchema,
  CreateGatewayKeyResponseSchema,
  CreateTokenResponseSchema,
  DeleteInterceptionsResponseSchema,
  type GatewayKey,
  GatewayKeySchema,
  ListGatewayKeysResponseSchema,
  ListTokensResponseSchema,
  ListToolPinsResponseSchema,
  RevokeGatewayKeyResponseSchema,
  RevokeTokenResponseSchema,
  type Token,
  TokenSchema,
  type ToolPin,
  ToolPinSchema,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Credentials } from "../domain/credentials.ts";
import type { PersonalData } from "../domain/personal-data.ts";
import type { ToolPins } from "../domain/tool-pins.ts";
import type {
  GatewayKey as StoredGatewayKey,
  Token as StoredToken,
  ToolPin as StoredToolPin,
} from "../store/store.ts";
import { microsOfDuration, optionalMicros, optionalTimestamp, timestampOfMicros } from "./times.ts";

/** AdminService: tokens of actors, keys of gateways, approval of tools, and deletion of what was recorded about a person. */
export function adminService(
  credentials: Credentials,
  personalData: PersonalData,
  toolPins: Pick<ToolPins, "list" | "approve">,
): ServiceImpl<typeof AdminService> {
  return {
    async createToken({ actor, name, ttl }) {
      const lifetime = ttl === undefined ? undefined : microsOfDuration(ttl);
      const { secret, created } = await credentials.createToken(actor, name, lifetime);
      return create(CreateTokenResponseSchema, { secret, token: tokenMessage(created) });
    },
    async listTokens(request) {
      const page = await credentials.listTokens(request, request.actor || undefined);
      return create(ListTokensResponseSchema, {
        tokens: page.rows.map(tokenMessage),
        nextPageToken: page.nextPageToken,
      });
    },
    async revokeToken({ id }) {
      await credentials.revokeToken(id);
      return create(RevokeTokenResponseSchema);
    },
    async createGatewayKey({ name }) {
      const { secret, created } = await credentials.createGatewayKey(name);
      return create(CreateGatewayKeyResponseSchema, { secret, gatewayKey: gatewayKeyMessage(created) });
    },
    async listGatewayKeys(request) {
      const page = await credentials.listGatewayKeys(request);
      return create(ListGatewayKeysResponseSchema, {
        gatewayKeys: page.rows.map(gatewayKeyMessage),
        nextPageToken: page.nextPageToken,
      });
    },
    async revokeGatewayKey({ id }) {
      await credentials.revokeGatewayKey(id);
      return create(RevokeGatewayKeyResponseSchema);
    },
    async deleteInterceptions({ actor, startedBefore }) {
      const deleted = await personalData.delete(actor, optionalMicros(startedBefore));
      return create(DeleteInterceptionsResponseSchema, { deleted });
    },
    async listToolPins(request) {
      const page = await toolPins.list(request, request.serverName || undefined, request.waitingOnly);
      return create(ListToolPinsResponseSchema, {
        toolPins: page.rows.map(toolPinMessage),
        nextPageToken: page.nextPageToken,
      });
    },
    async approveTools(request) {
      const approved = await toolPins.approve(request);
      return create(ApproveToolsResponseSchema, { approved: approved.map(toolPinMessage) });
    },
  };
}

function tokenMessage({ createdAt, expiresAt, revokedAt, ...rest }: StoredToken): Token {
  return create(TokenSchema, {
    ...rest,
    createdAt: timestampOfMicros(createdAt),
    expiresAt: optionalTimestamp(expiresAt),
    revokedAt: optionalTimestamp(revokedAt),
  });
}

function gatewayKeyMessage({ createdAt, revokedAt, ...rest }: StoredGatewayKey): GatewayKey {
  return create(GatewayKeySchema, {
    ...rest,
    createdAt: timestampOfMicros(createdAt),
    revokedAt: optionalTimestamp(revokedAt),
  });
}

function toolPinMessage({ firstSeenAt, approvedAt, ...rest }: StoredToolPin): ToolPin {
  return create(ToolPinSchema, {
    ...rest,
    firstSeenAt: timestampOfMicros(firstSeenAt),
    approvedAt: optionalTimestamp(approvedAt),
  });
}
