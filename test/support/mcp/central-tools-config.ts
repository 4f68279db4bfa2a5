/**
 * A configuration with both providers, which are asked once, and MCP servers for everybody.
 * @param servers URLs by the servers' names
 * @param more further sections, as YAML
 */
export function centralToolsConfig(
  providerUrl: string,
  servers: Readonly<Record<string, string>>,
  more = "",
): string {
  const entries = Object.entries(servers).map(([name, url]) => `  - { name: ${name}, url: "${url}" }`);
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${providerUrl}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${providerUrl}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
mcp_servers:
${entries.join("\n")}
${more}
`;
}
