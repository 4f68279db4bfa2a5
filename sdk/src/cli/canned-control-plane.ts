import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AdminService,
  type CreateTokenRequest,
  CredentialKind,
  type DeleteInterceptionsRequest,
  GatewayKeySchema,
  type GetInterceptionResponse,
  GetInterceptionResponseSchema,
  InterceptionOutcome,
  type ListInterceptionsRequest,
  type SummarizeUsageRequest,
  ThoughtSource,
  TokenSchema,
  UsageService,
  UsageSource,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** Admin key that the canned control plane takes. */
export const CANNED_KEY = "canned-admin-key-of-32-characters";

/** A control plane with canned answers on a real socket, for tests of commands. */
export interface CannedControlPlane extends AsyncDisposable {
  readonly url: string;
  /** Requests seen, in order. */
  readonly requests: {
    createToken: CreateTokenRequest[];
    deleteInterceptions: DeleteInterceptionsRequest[];
    listInterceptions: ListInterceptionsRequest[];
    summarizeUsage: SummarizeUsageRequest[];
  };
}

/** Starts one that knows these interceptions. */
export async function startCannedControlPlane(
  interceptions: readonly GetInterceptionResponse[],
): Promise<CannedControlPlane> {
  const requests: CannedControlPlane["requests"] = {
    createToken: [],
    deleteInterceptions: [],
    listInterceptions: [],
    summarizeUsage: [],
  };
  const routes = (router: ConnectRouter) => {
    serveAdmin(router, requests);
    serveUsage(router, requests, interceptions);
  };
  const server = createServer(connectNodeAdapter({ routes }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An interception as a real one would be stored; `index` makes it differ from others. */
export function cannedInterception(index: number, recorded: { prompt?: string; tool?: string } = {}) {
  const started = Date.parse("2026-11-22T05:00:00Z") + index * 60_000;
  return create(GetInterceptionResponseSchema, {
    interception: {
      id: `019ab3f0-0000-7000-8000-${String(index).padStart(12, "0")}`,
      initiatorId: "alice",
      provider: "anthropic",
      providerName: "anthropic-eu",
      model: "claude-sonnet-4-5",
      route: "/v1/messages",
      streaming: true,
      startedAt: timestampFromMs(started),
      client: "Claude Code",
      credentialKind: CredentialKind.CENTRALIZED,
      credentialHint: "sk-a…4f2c",
      gatewayId: "eu-1",
    },
    ended: {
      endedAt: timestampFromMs(started + 2500),
      outcome: InterceptionOutcome.COMPLETED,
      httpStatus: 200,
      timeToFirstByte: { nanos: 250_000_000 },
      upstreamTurns: 1,
    },
    tokenUsages: [
      {
        messageId: "msg_1",
        inputTokens: 1200n,
        outputTokens: 34n,
        cacheReadInputTokens: 18_000n,
        extraTokenTypes: { "cache_creation.ephemeral_5m_input_tokens": 7n },
        source: UsageSource.REPORTED,
      },
      {
        messageId: "msg_2",
        inputTokens: 9_007_199_254_740_993n,
        outputTokens: 1n,
        source: UsageSource.REPORTED,
      },
    ],
    promptUsages: [{ prompt: recorded.prompt ?? "hello" }],
    toolUsages: [{ tool: recorded.tool ?? "Bash", toolCallId: "toolu_1", input: '{"command":"ls"}' }],
    modelThoughts: [{ content: "Let me see.", source: ThoughtSource.THINKING }],
  });
}

function serveAdmin(router: ConnectRouter, requests: CannedControlPlane["requests"]): void {
  const token = create(TokenSchema, {
    id: "t-1",
    actor: "alice",
    name: "laptop",
    createdAt: timestampFromMs(0),
  });
  const old = create(TokenSchema, { id: "t-0", actor: "bob", expiresAt: timestampFromMs(1000) });
  const gatewayKey = create(GatewayKeySchema, { id: "g-1", name: "eu-1", createdAt: timestampFromMs(0) });
  router.service(AdminService, {
    createToken(request, { requestHeader }) {
      authorize(requestHeader);
      requests.createToken.push(request);
      return { secret: "aib_secret", token: { ...token, actor: request.actor, name: request.name } };
    },
    listTokens({ pageToken }) {
      return pageToken === "" ? { tokens: [token], nextPageToken: "2" } : { tokens: [old] };
    },
    revokeToken({ id }) {
      if (id !== token.id) {
        throw new ConnectError("there is no token x\u001b[2J", Code.NotFound);
      }
      return {};
    },
    createGatewayKey: ({ name }) => ({ secret: "aibgw_secret", gatewayKey: { ...gatewayKey, name } }),
    listGatewayKeys: () => ({ gatewayKeys: [gatewayKey] }),
    revokeGatewayKey: () => ({}),
    deleteInterceptions(request) {
      requests.deleteInterceptions.push(request);
      return { deleted: 3n };
    },
  });
}

function serveUsage(
  router: ConnectRouter,
  requests: CannedControlPlane["requests"],
  interceptions: readonly GetInterceptionResponse[],
): void {
  router.service(UsageService, {
    listInterceptions(request) {
      requests.listInterceptions.push(request);
      const from = Number(request.pageToken);
      // Pages smaller than asked for are allowed; the caller has to follow them.
      const until = from + Math.min(request.pageSize, 2);
      const page = interceptions.slice(from, until);
      const nextPageToken = until < interceptions.length ? String(until) : "";
      return { interceptions: page.map((row) => withoutRecords(row, request.includeRecords)), nextPageToken };
    },
    getInterception({ id }) {
      const found = interceptions.find(({ interception }) => interception?.id === id);
      if (found === undefined) {
        throw new ConnectError(`there is no interception ${id}`, Code.NotFound);
      }
      return found;
    },
    summarizeUsage(request) {
      requests.summarizeUsage.push(request);
      const group = { actor: "alice", model: "claude-sonnet-4-5" };
      return { rows: [{ group, interceptions: 2n, inputTokens: 9_007_199_254_740_993n, outputTokens: 5n }] };
    },
  });
}

function withoutRecords(row: GetInterceptionResponse, includeRecords: boolean): GetInterceptionResponse {
  const { interception, ended } = row;
  return includeRecords ? row : create(GetInterceptionResponseSchema, { interception, ended });
}

function authorize(headers: Headers): void {
  if (headers.get("authorization") !== `Bearer ${CANNED_KEY}`) {
    throw new ConnectError("unknown key", Code.Unauthenticated);
  }
}
