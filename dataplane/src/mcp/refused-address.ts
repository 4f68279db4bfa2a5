import { BlockList, isIP } from "node:net";

/**
 * Addresses at which no MCP server is, but what a cloud tells its machines, credentials among them: the link-local
 * ranges (RFC 3927, RFC 4291) with the metadata services of the clouds, and the two that are elsewhere (AWS over IPv6,
 * Alibaba Cloud).
 */
const refused = new BlockList();
refused.addSubnet("169.254.0.0", 16, "ipv4");
refused.addSubnet("fe80::", 10, "ipv6");
refused.addAddress("100.100.100.200", "ipv4");
refused.addAddress("fd00:ec2::254", "ipv6");

/** True if no connection may go to this IP address. IPv4 addresses written as IPv6 ones count as what they are. */
export function isRefusedAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return refused.check(address, family === 6 ? "ipv6" : "ipv4");
}
