import { afterAll, beforeAll, expect } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type GatewayUnderTest, type UseGatewayOptions, useGateway } from "../../support/use-gateway.ts";
import type { RecordedInterception } from "./recorded.ts";

/** The gateway of a test file: started before its tests, stopped after them. */
export interface ClientGateway {
  readonly planes: GatewayUnderTest;
  /** Base URL for Anthropic clients. */
  readonly anthropicUrl: string;
  /** Base URL for OpenAI clients. */
  readonly openaiUrl: string;
  /** An actor of its own for a test, so that its records are told from those of the others. */
  newUser(): Promise<User>;
}

export interface User {
  readonly actor: string;
  readonly token: string;
  /** Everything recorded for this actor, oldest first, once that many interceptions have ended. */
  recorded(count: number): Promise<RecordedInterception[]>;
  /** One of them, as `aibridge interceptions show` prints it. */
  shown(id: string): Promise<RecordedInterception>;
}

/** To be called at the top of a test file. */
export function gatewayForClients(options: UseGatewayOptions = {}): ClientGateway {
  let planes: GatewayUnderTest | undefined;
  beforeAll(async () => {
    planes = await useGateway(options);
  });
  afterAll(async () => {
    await planes?.[Symbol.asyncDispose]();
  });
  const running = (): GatewayUnderTest => {
    if (planes === undefined) throw new Error("the gateway is not started yet");
    return planes;
  };
  let users = 0;
  return {
    get planes() {
      return running();
    },
    get anthropicUrl() {
      return `${running().url}/anthropic`;
    },
    get openaiUrl() {
      return `${running().url}/openai/v1`;
    },
    newUser: () => {
      users += 1;
      return createUser(running(), `user-${users}`);
    },
  };
}

async function createUser(planes: GatewayUnderTest, actor: string): Promise<User> {
  const { token } = await readJson<{ token: string }>(planes, "tokens", "create", "--actor", actor);
  return {
    actor,
    token,
    recorded: async (count) => {
      await eventually(() => expectEnded(planes, actor, count));
      return await recordedFor(planes, actor);
    },
    shown: (id) => readJson(planes, "interceptions", "show", id),
  };
}

/** Asks the control plane directly: a command for each look would take a second each. */
async function expectEnded(planes: GatewayUnderTest, actor: string, count: number): Promise<true> {
  const { interceptions } = await planes.usage.listInterceptions({ initiator: actor, includeRecords: true });
  const outcomes = interceptions.map(({ interception, ended }) => [interception?.id, ended?.outcome]);
  const log = planes.dataPlane.output.slice(-2000);
  expect(outcomes, log).toEqual(
    Array.from({ length: count }, () => [expect.any(String), expect.any(Number)]),
  );
  return true;
}

async function recordedFor(planes: GatewayUnderTest, actor: string): Promise<RecordedInterception[]> {
  const list = ["interceptions", "list", "--actor", actor, "--include-records"];
  const { interceptions } = await readJson<{ interceptions: RecordedInterception[] }>(planes, ...list);
  return interceptions.toReversed();
}

async function readJson<T>(planes: GatewayUnderTest, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await planes.run(...args, "--json");
  if (code !== 0) throw new Error(`aibridge ${args.join(" ")}: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout);
}
