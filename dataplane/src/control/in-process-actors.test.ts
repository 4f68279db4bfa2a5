import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createLog } from "../telemetry/log.ts";
import { type ActorFunctions, askInProcess } from "./in-process-actors.ts";

/** Asks who has the token "secret-token", and keeps what is logged. */
async function ask(resolveActor: ActorFunctions["resolveActor"]) {
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const answer = await askInProcess(
    { resolveActor },
    log,
  )({
    credential: { kind: "token", token: "secret-token" },
    providerName: "anthropic",
    route: "/v1/messages",
    client: "Unknown",
    userAgent: "",
    remoteAddress: "127.0.0.1",
  }).catch((error: ConnectError) => error.code);
  return { answer, logged: logged.join("") };
}

test("an id is enough; what is left out has its default", async () => {
  const { answer } = await ask(() => ({ id: "alice" }));
  expect(answer).toMatchObject({
    actor: { id: "alice", name: "alice", apiKeyId: "", metadata: {} },
    byokAllowed: false,
    cacheForMs: 0,
  });
});

test("the function sees what was presented", async () => {
  const { answer } = await ask(async ({ credential, providerName }) => ({
    id: credential.kind === "token" ? credential.token : "",
    name: providerName,
    byokAllowed: true,
    cacheForMs: 5,
  }));
  expect(answer).toMatchObject({
    actor: { id: "secret-token", name: "anthropic" },
    byokAllowed: true,
    cacheForMs: 5,
  });
});

test.each<[string, ActorFunctions["resolveActor"], Code]>([
  ["nobody", () => undefined, Code.Unauthenticated],
  ["a denial", () => Promise.reject(new ConnectError("no", Code.PermissionDenied)), Code.PermissionDenied],
])("%s is an answer, and nothing to log", async (_, resolveActor, code) => {
  expect(await ask(resolveActor)).toEqual({ answer: code, logged: "" });
});

test.each<[string, ActorFunctions["resolveActor"]]>([
  [
    "throws",
    ({ credential }) => {
      throw new Error(`no row for ${JSON.stringify(credential)}`);
    },
  ],
  ["answers without an id", () => ({ id: "" })],
])("a function that %s is logged, without what it was given", async (_, resolveActor) => {
  const { answer, logged } = await ask(resolveActor);
  expect(answer).toBe(Code.Internal);
  expect(logged).toContain("resolveActor failed");
  expect(logged).not.toContain("secret-token");
});
