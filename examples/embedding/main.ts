/**
 * A host with a gateway inside. From the repository's folder:
 *
 *   ANTHROPIC_API_KEY=sk-ant-… npm exec -- node examples/embedding/main.ts
 *
 * then, in another terminal:
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:8088/ai/anthropic ANTHROPIC_AUTH_TOKEN=token-of-alice claude
 *   curl http://127.0.0.1:8088/usage
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createHost } from "./host.ts";

// biome-ignore lint/style/noProcessEnv: this is the program's entry
const env = process.env;

const { server, gateway } = createHost({
  users: new Map([["token-of-alice", "alice"]]),
  config: {
    providers: [
      {
        name: "anthropic",
        type: "anthropic",
        base_url: env.ANTHROPIC_BASE_URL ?? "https://api.anthropic.com",
        keys: [env.ANTHROPIC_API_KEY ?? "no-key"],
      },
    ],
  },
});

server.listen(Number(env.PORT ?? 8088), "127.0.0.1");
await once(server, "listening");
process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);

await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
server.close();
const lost = await gateway.close();
server.closeAllConnections();
process.stdout.write(`stopped; ${lost} records could not be stored\n`);
