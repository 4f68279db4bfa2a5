/** What the welcome text tells about. */
export interface Welcome {
  /** URL of the data plane for AI clients. */
  readonly gatewayUrl: string;
  readonly controlplaneUrl: string;
  readonly token: string;
  readonly actor: string;
  readonly configFile: string;
  readonly dataFolder: string;
  /** Name of a provider that speaks Anthropic Messages, if there is one. */
  readonly messagesProvider: string | undefined;
  /** Name of a provider that speaks OpenAI's APIs, if there is one. */
  readonly openaiProvider: string | undefined;
  /** True if the providers make their answers up. */
  readonly simulated: boolean;
  /** What `aibridge` needs besides the command to find the control plane and its key; empty for the defaults. */
  readonly cliFlags: string;
  /** From the start of this process to the planes being ready. */
  readonly seconds: number;
}

/** What to do next, to paste and to run. */
export function welcomeText(welcome: Welcome): string {
  const sections = [
    ready(welcome),
    welcome.simulated ? SIMULATED_NOTE : undefined,
    `Your token (actor ${welcome.actor}):\n\n  ${welcome.token}`,
    welcome.messagesProvider && claudeCode(welcome, welcome.messagesProvider),
    welcome.openaiProvider && codex(welcome, welcome.openaiProvider),
    curl(welcome),
    records(welcome),
  ];
  return `\n${sections.filter((section) => section !== undefined && section !== "").join("\n\n")}\n\n`;
}

const SIMULATED_NOTE = `*** SIMULATED *** No ANTHROPIC_API_KEY or OPENAI_API_KEY is set, so a scripted provider in this process makes the
answers up. Everything else is real. Set a key and start again to talk to a real provider.`;

function ready({ gatewayUrl, controlplaneUrl, configFile, dataFolder, seconds }: Welcome): string {
  return `aibridge is ready after ${seconds.toFixed(1)} s (Ctrl-C stops it).

  data plane     ${gatewayUrl}
  control plane  ${controlplaneUrl}
  configuration  ${configFile}
  data and logs  ${dataFolder}`;
}

function claudeCode({ gatewayUrl, token }: Welcome, provider: string): string {
  return `Claude Code:

  export ANTHROPIC_BASE_URL=${gatewayUrl}/${provider}
  export ANTHROPIC_AUTH_TOKEN=${token}
  claude`;
}

function codex({ gatewayUrl, token }: Welcome, provider: string): string {
  return `Codex, in ~/.codex/config.toml:

  model_provider = "aibridge"

  [model_providers.aibridge]
  name = "aibridge"
  base_url = "${gatewayUrl}/${provider}/v1"
  env_key = "AIBRIDGE_TOKEN"
  wire_api = "responses"

and in the shell:

  export AIBRIDGE_TOKEN=${token}
  codex`;
}

function curl({ gatewayUrl, token, messagesProvider, openaiProvider }: Welcome): string {
  const head = (url: string) => `curl ${gatewayUrl}/${url} \\
    -H 'authorization: Bearer ${token}' \\
    -H 'content-type: application/json' \\`;
  const message = '"messages":[{"role":"user","content":"Hello"}]';
  if (messagesProvider !== undefined) {
    return `Without a client:

  ${head(`${messagesProvider}/v1/messages`)}
    -H 'anthropic-version: 2023-06-01' \\
    -d '{"model":"claude-sonnet-4-5","max_tokens":100,${message}}'`;
  }
  if (openaiProvider !== undefined) {
    return `Without a client:

  ${head(`${openaiProvider}/v1/chat/completions`)}
    -d '{"model":"gpt-5",${message}}'`;
  }
  return `No provider in the configuration speaks Anthropic's or OpenAI's API: add one to use the gateway.`;
}

function records({ cliFlags }: Welcome): string {
  return `What was recorded:

  npx aibridge interceptions list${cliFlags}
  npx aibridge usage --by actor,model${cliFlags}`;
}
