import type { Environment } from "@aibridge/proto/settings";

/** Name of the simulated provider of type anthropic; the other one has "-openai" after it. */
export const SIMULATED = "simulated";

const HEADING = `# Written by npm start, each time anew. To change it, put an aibridge.yaml of your own beside package.json.
`;

/** Providers whose key may be in the environment, by the variable that holds it. */
const KEYED = [
  { variable: "ANTHROPIC_API_KEY", name: "anthropic", type: "anthropic" },
  { variable: "OPENAI_API_KEY", name: "openai", type: "openai" },
];

/**
 * Text of a configuration file for the provider keys of the environment. The keys stay there: the file refers to them.
 * @param simulate starts a simulated provider and returns its origin; called only if there is no key
 */
export async function providerFile(env: Environment, simulate: () => Promise<string>): Promise<string> {
  const keyed = KEYED.filter(({ variable }) => env[variable]).map(
    ({ variable, name, type }) => `  - { name: ${name}, type: ${type}, keys: ["\${${variable}}"] }\n`,
  );
  const providers = keyed.length > 0 ? keyed : simulatedProviders(await simulate());
  return `${HEADING}providers:\n${providers.join("")}`;
}

function simulatedProviders(origin: string): string[] {
  return [
    "  # SIMULATED: no provider key was set. A scripted provider inside npm start makes the answers up.\n",
    `  - { name: ${SIMULATED}, type: anthropic, base_url: "${origin}", keys: [simulated-key] }\n`,
    `  - { name: ${SIMULATED}-openai, type: openai, base_url: "${origin}/v1", keys: [simulated-key] }\n`,
  ];
}
