import { ActorService, ConfigService, RecorderService, ToolPolicyService } from "@aibridge/proto";
import { channelInterceptor, SessionManager, type WatchedCertificates } from "@aibridge/proto/channel";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { connectionError, connectionErrors } from "./connection-errors.ts";
import { dial } from "./dial.ts";
import { FollowingAgent } from "./following-agent.ts";

export type RpcProtocol = "grpc" | "connect";

export interface ChannelOptions {
  /** Sent as a bearer token with every call. Secret. */
  readonly gatewayKey: string;
  readonly protocol: RpcProtocol;
  /** For https URLs; undefined: the well-known authorities are trusted, and no certificate is shown. */
  readonly certificates?: WatchedCertificates | undefined;
}

/** A dead peer is noticed after interval + time-out without an answer to a ping. */
const ping = { pingIntervalMs: 1_000, pingTimeoutMs: 500, pingIdleConnection: true } as const;

/** One connection to one service address. */
interface Channel {
  readonly transport: Transport;
  /** Resolves true when a connection stands, rejects with what is wrong; undefined where the protocol has none that lasts. */
  readonly connected: (() => Promise<boolean>) | undefined;
  close(): void;
}

/** Makes the clients of the services a data plane calls, which share a connection wherever they share a URL. */
export class Channels {
  readonly #options: ChannelOptions;
  readonly #channels = new Map<string, Channel>();

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** With a way to tell whether a connection to it stands. */
  recorder(url: string): Pick<Channel, "connected"> & { readonly client: Client<typeof RecorderService> } {
    const { transport, connected } = this.#channel(url);
    return { client: createClient(RecorderService, transport), connected };
  }

  actors(url: string): Client<typeof ActorService> {
    return createClient(ActorService, this.#channel(url).transport);
  }

  toolPolicies(url: string): Client<typeof ToolPolicyService> {
    return createClient(ToolPolicyService, this.#channel(url).transport);
  }

  config(url: string): Client<typeof ConfigService> {
    return createClient(ConfigService, this.#channel(url).transport);
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #channel(url: string): Channel {
    let channel = this.#channels.get(url);
    if (channel === undefined) {
      const open = this.#options.protocol === "grpc" ? grpcChannel : connectChannel;
      channel = open(url, this.#options);
      this.#channels.set(url, channel);
    }
    return channel;
  }
}

function grpcChannel(baseUrl: string, options: ChannelOptions): Channel {
  const url = new URL(baseUrl);
  const sessionManager = new SessionManager(baseUrl, ping, {
    createConnection: () => dial(url, options.certificates?.current ?? {}),
  });
  const interceptors = interceptorsFor(baseUrl, options);
  return {
    transport: createGrpcTransport({ baseUrl, sessionManager, interceptors, acceptCompression: [] }),
    connected: async () => {
      if ((await sessionManager.connect()) === "error")
        throw connectionError(sessionManager.error() ?? new Error("cannot connect"), baseUrl);
      return true;
    },
    close: () => sessionManager.abort(),
  };
}

function connectChannel(baseUrl: string, options: ChannelOptions): Channel {
  const { certificates } = options;
  const agent = certificates && baseUrl.startsWith("https:") ? new FollowingAgent(certificates) : undefined;
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors: interceptorsFor(baseUrl, options),
    acceptCompression: [],
    ...(agent && { nodeOptions: { agent } }),
  });
  return { transport, connected: undefined, close: () => agent?.destroy() };
}

/** The first is the outermost: it sees what all the others and the transport fail with. */
function interceptorsFor(baseUrl: string, { gatewayKey }: ChannelOptions): Interceptor[] {
  return [connectionErrors(baseUrl), channelInterceptor(gatewayKey)];
}
