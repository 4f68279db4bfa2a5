import { expect, test } from "vitest";
import { isRefusedAddress } from "./refused-address.ts";

test.each([
  "169.254.169.254",
  "169.254.0.1",
  "fe80::1",
  "febf::1",
  "100.100.100.200",
  "fd00:ec2::254",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
])("%s is refused", (address) => expect(isRefusedAddress(address)).toBe(true));

test.each([
  "127.0.0.1",
  "::1",
  "10.0.0.1",
  "192.168.1.1",
  "8.8.8.8",
  "fd00::1",
  "100.100.100.201",
  "example.com",
])("%s is not", (address) => expect(isRefusedAddress(address)).toBe(false));
