import { expect, test } from "vitest";
import { isLoopback, listenAddress } from "./listen-address.ts";

test.each([
  ["127.0.0.1:8080", "127.0.0.1", 8080],
  ["localhost:0", "localhost", 0],
  ["[::1]:9090", "::1", 9090],
  ["0.0.0.0:65535", "0.0.0.0", 65_535],
])("%s", (text, host, port) => {
  expect(listenAddress(text)).toEqual({ host, port });
});

test.each([
  "",
  "8080",
  ":8080",
  "host",
  "host:",
  "host:65536",
  "::1:80",
  "[host]:80",
  "a b:80",
  "http://x:80",
])("%j is no listen address", (text) => {
  expect(() => listenAddress(text)).toThrow(`found "${text}"`);
});

test.each([
  "localhost",
  "a.localhost",
  "127.0.0.1",
  "127.9.9.9",
  "::1",
  "[::1]",
  "0:0:0:0:0:0:0:1",
  "::ffff:127.0.0.1",
])("%s is this machine", (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each([
  "0.0.0.0",
  "::",
  "10.0.0.1",
  "example.com",
  "localhost.example.com",
  "127.0.0.1.example.com",
  "::ffff:10.0.0.1",
  "::ffff:0.127.0.1",
  "::1%eth0",
])("%s is not only this machine", (host) => {
  expect(isLoopback(host)).toBe(false);
});
