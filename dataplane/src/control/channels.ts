import { ActorService, ConfigService, RecorderService } from "@aibridge/proto";
import { channelInterceptor } from "@aibridge/proto/channel";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

export type RpcProtocol = "grpc" | "connect";

/** Where the services of the control side are. One URL may serve several. */
export interface ServiceUrls {
  readonly recorder: string;
  readonly actors: string;
  /** Absent: the configuration comes from a file. */
  readonly config: string | undefined;
}

export interface ChannelOptions {
  readonly urls: ServiceUrls;
  /** Sent as a bearer token with every call. Secret. */
  readonly gatewayKey: string;
  readonly protocol: RpcProtocol;
}

/** A dead peer is noticed after interval + time-out without an answer to a ping. */
const ping = { pingIntervalMs: 1_000, pingTimeoutMs: 500, pingIdleConnection: true } as const;

/** One connection to one service address. */
interface Channel {
  readonly transport: Transport;
  /** Resolves true if a connection stands; undefined where the protocol has none that lasts. */
  readonly connected: (() => Promise<boolean>) | undefined;
  close(): void;
}

/** The clients of the services a data plane calls, sharing a connection wherever they share an address. */
export class Channels {
  readonly recorder: Client<typeof RecorderService>;
  readonly recorderConnected: (() => Promise<boolean>) | undefined;
  readonly actors: Client<typeof ActorService>;
  readonly config: Client<typeof ConfigService> | undefined;
  readonly #channels = new Map<string, Channel>();

  constructor(options: ChannelOptions) {
    const { urls } = options;
    const recorder = this.#channel(urls.recorder, options);
    this.recorder = createClient(RecorderService, recorder.transport);
    this.recorderConnected = recorder.connected;
    this.actors = createClient(ActorService, this.#channel(urls.actors, options).transport);
    this.config =
      urls.config === undefined
        ? undefined
        : createClient(ConfigService, this.#channel(urls.config, options).transport);
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #channel(url: string, options: ChannelOptions): Channel {
    let channel = this.#channels.get(url);
    if (channel === undefined) {
      channel = options.protocol === "grpc" ? grpcChannel(url, options) : connectChannel(url, options);
      this.#channels.set(url, channel);
    }
    return channel;
  }
}

function grpcChannel(baseUrl: string, options: ChannelOptions): Channel {
  const sessionManager = new Http2SessionManager(baseUrl, ping);
  const interceptors = [channelInterceptor(options.gatewayKey)];
  return {
    transport: createGrpcTransport({ baseUrl, sessionManager, interceptors, acceptCompression: [] }),
    connected: async () => (await sessionManager.connect()) !== "error",
    close: () => sessionManager.abort(),
  };
}

function connectChannel(baseUrl: string, options: ChannelOptions): Channel {
  const interceptors = [channelInterceptor(options.gatewayKey)];
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors,
    acceptCompression: [],
  });
  return { transport, connected: undefined, close: () => undefined };
}
