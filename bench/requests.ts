import { type Api, apiPath, type Workload } from "./workloads.ts";

/** Model that every request asks for and every answer names. */
export const MODELS: Record<Api, string> = {
  messages: "claude-sonnet-4-5",
  chat: "gpt-5.2",
  responses: "gpt-5.2",
};

const PROMPT = "Which of the files under src decide how a stream is relayed, and why?";

/** The whole HTTP request of a workload, ready to be written to a socket again and again. */
export function prepareRequest(workload: Workload, path: string, port: number, token: string): Buffer {
  const body = requestBody(workload);
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "accept: application/json",
    "accept-encoding: gzip, deflate",
    "content-type: application/json",
    "user-agent: aibridge-bench/1",
    `authorization: Bearer ${token}`,
    ...(workload.api === "messages" ? ["anthropic-version: 2023-06-01"] : []),
    "x-stainless-retry-count: 0",
    "x-stainless-timeout: 600",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/**
 * The JSON body of a workload, exactly `requestBytes` long. It is shaped like those of coding agents: most of a large
 * one is instructions, tools and earlier turns; the last turn is a short question.
 */
export function requestBody(workload: Workload): Buffer {
  const empty = Buffer.byteLength(JSON.stringify(bodyOf(workload, "")));
  const missing = workload.requestBytes - empty;
  if (missing < 0) throw new RangeError(`a body for ${apiPath(workload.api)} has at least ${empty} bytes`);
  return Buffer.from(JSON.stringify(bodyOf(workload, filler(missing))));
}

function bodyOf(workload: Workload, earlierText: string): object {
  const common = { model: MODELS[workload.api], stream: workload.delivery !== "whole" };
  const turns = [
    { role: "user", content: "Read the repository and tell me what it is for." },
    { role: "assistant", content: earlierText },
    { role: "user", content: PROMPT },
  ];
  switch (workload.api) {
    case "messages":
      return { ...common, max_tokens: 4096, system: "You are a careful engineer.", messages: turns };
    case "chat":
      return {
        ...common,
        ...(common.stream ? { stream_options: { include_usage: true } } : {}),
        messages: [{ role: "system", content: "You are a careful engineer." }, ...turns],
      };
    case "responses":
      return { ...common, store: false, instructions: "You are a careful engineer.", input: turns };
  }
}

/** Text of exactly that many characters, none of which JSON escapes. */
function filler(length: number): string {
  const sentence = "The relay forwards every chunk as it arrives and reads the events beside it. ";
  return sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);
}
