import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startBaseLine } from "./topology/target.ts";

/** A base line in front of a provider that answers as told. */
async function useBaseLine(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const provider = createServer(answer).listen(0, "127.0.0.1");
  await once(provider, "listening");
  const baseLine = await startBaseLine((provider.address() as AddressInfo).port);
  onTestFinished(async () => {
    await baseLine[Symbol.asyncDispose]();
    provider.closeAllConnections();
    provider.close();
  });
  return { port: baseLine.port, provider };
}

test("method, path, headers, body and answer go through", async () => {
  const { port } = await useBaseLine((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk) => {
      body += chunk;
    });
    incoming.on("end", () => {
      const { method, url, headers } = incoming;
      response.writeHead(201, { "x-answer": "yes" });
      response.end(JSON.stringify({ method, url, body, header: headers["x-request"] }));
    });
  });
  const answer = await fetch(`http://127.0.0.1:${port}/a/b?c=d`, {
    method: "PUT",
    headers: { "x-request": "r" },
    body: "hello",
  });
  expect([answer.status, answer.headers.get("x-answer")]).toEqual([201, "yes"]);
  expect(await answer.json()).toEqual({ method: "PUT", url: "/a/b?c=d", body: "hello", header: "r" });
});

test("a chunk reaches the client before the provider sends the next one", async () => {
  const { promise: firstSeen, resolve: sendSecond } = Promise.withResolvers<void>();
  const { port } = await useBaseLine((_incoming, response) => {
    response.write("first");
    void firstSeen.then(() => response.end("second"));
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  const chunks: string[] = [];
  for await (const chunk of answer.body ?? []) {
    chunks.push(Buffer.from(chunk).toString());
    sendSecond();
  }
  expect(chunks).toEqual(["first", "second"]);
});

test("a client that leaves in the middle of an answer frees the provider", async () => {
  const { promise: aborted, resolve: sawAbort } = Promise.withResolvers<void>();
  const { port } = await useBaseLine((_incoming, response) => {
    response.write("first");
    response.once("close", () => sawAbort());
  });
  const outgoing = request({ port, host: "127.0.0.1" }).end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  await once(answer, "data");
  answer.on("error", () => {});
  outgoing.destroy();
  await aborted;
});

test("a provider that breaks off in the middle of an answer is no clean end for the client", async () => {
  const { port } = await useBaseLine((_incoming, response) => {
    response.write("first", () => response.destroy());
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  await expect(answer.text()).rejects.toThrow();
});

test("a provider that cannot be reached is a 502", async () => {
  const { port, provider } = await useBaseLine(() => {});
  provider.close();
  await once(provider, "close");
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(502);
});
