import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { mcpFailure } from "./mcp-failure.ts";

/** A guarded fetch for which every name leads to these addresses. */
function fetchTo(...addresses: string[]) {
  const found: LookupAddress[] = addresses.map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  const resolve = (
    _name: string,
    _options: unknown,
    callback: (error: null, found: LookupAddress[]) => void,
  ) => callback(null, found);
  const guarded = guardedFetch(resolve as unknown as Parameters<typeof guardedFetch>[0]);
  onTestFinished(guarded.close);
  return guarded.fetch;
}

async function served(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Why a request failed. */
async function failure(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    return mcpFailure(error);
  }
  throw new Error("it did not fail");
}

test.each([
  "http://169.254.169.254/",
  "http://[fe80::1]/",
  "http://[::ffff:169.254.169.254]/",
  "http://2852039166/",
  "http://0251.0376.0251.0376/",
  "http://100.100.100.200/",
])("the literal address of %s is refused, however it is written", async (url) => {
  expect(await failure(fetchTo("127.0.0.1")(url))).toMatch(/at which no MCP server may be/);
});

test("a name that leads to a refused address alone is refused", async () => {
  const fetch = fetchTo("169.254.169.254", "fd00:ec2::254");
  expect(await failure(fetch("http://metadata.example/"))).toBe(
    "metadata.example is an address at which no MCP server may be (link-local or a cloud's metadata service)",
  );
});

test("of several addresses of a name only those are used at which a server may be", async () => {
  const port = await served((_request, response) => response.end("here"));
  const answer = await fetchTo("169.254.169.254", "127.0.0.1")(`http://mcp.example:${port}/`);
  expect(await answer.text()).toBe("here");
});

test.each(["file:///etc/passwd", "data:,x", "ftp://mcp.example/"])("%s is refused", async (url) => {
  expect(await failure(fetchTo("127.0.0.1")(url))).toMatch(/instead of http: or https:/);
});

test("a redirect is an error, and is not followed", async () => {
  const seen: (string | undefined)[] = [];
  const port = await served((request, response) => {
    seen.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await failure(fetchTo("127.0.0.1")(`http://mcp.example:${port}/mcp`))).toBe(
    "it redirects, which is not followed",
  );
  expect(seen).toEqual(["/mcp"]);
});

test("cookies are not kept", async () => {
  const cookies: (string | undefined)[] = [];
  const port = await served((request, response) => {
    cookies.push(request.headers.cookie);
    response.writeHead(200, { "set-cookie": "session=1" }).end();
  });
  const fetch = fetchTo("127.0.0.1");
  for (const path of ["1", "2"]) await (await fetch(`http://mcp.example:${port}/${path}`)).text();
  expect(cookies).toEqual([undefined, undefined]);
});

test("an answer that is too long fails while it comes", async () => {
  let sent = 0;
  const port = await served((_request, response) => {
    const more = () => {
      while (response.writable && response.write("x".repeat(65_536))) sent += 65_536;
    };
    response.on("drain", more);
    more();
  });
  const answer = await fetchTo("127.0.0.1")(`http://mcp.example:${port}/`);
  expect(await failure(answer.text())).toBe("its answer is longer than 4194304 bytes");
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test("a server that is not there is told by its code", async () => {
  const url = `http://mcp.example:${await freePort()}/`;
  expect(await failure(fetchTo("127.0.0.1")(url))).toBe("it cannot be reached (ECONNREFUSED)");
});
