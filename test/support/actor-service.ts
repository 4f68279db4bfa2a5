import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { ActorService, type ResolveActorRequest } from "@aibridge/proto";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** An ActorService of a host platform, in the test process: it knows everybody and lets answers be kept a minute. */
export interface ActorServiceUnderTest extends AsyncDisposable {
  readonly url: string;
  /** What it was asked, oldest first. */
  readonly questions: readonly ResolveActorRequest[];
}

export async function startActorService(): Promise<ActorServiceUnderTest> {
  const questions: ResolveActorRequest[] = [];
  const server = createServer(
    connectNodeAdapter({
      routes: ({ service }) => {
        service(ActorService, {
          resolveActor: (question) => {
            questions.push(question);
            return { actor: { id: "alice" }, byokAllowed: true, cacheFor: { seconds: 60n } };
          },
        });
      },
    }),
  );
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
