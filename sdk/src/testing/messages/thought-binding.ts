import { createHash, randomUUID } from "node:crypto";
import type { Part } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { blocksOf } from "./blocks.ts";
import { type Block, blocksIn, type Conversation } from "./conversation.ts";

/** A thought that is not what the provider gave, or not where it gave it. */
export interface BrokenThought {
  readonly path: string;
  /** `modified`: its own text is another. `prefix`: something before it is. */
  readonly reason: "modified" | "prefix";
}

/** How the signatures that are checked begin. */
const sealMark = "bound.";

/** The parts of an answer to this conversation, their thoughts signed with all that is before them. */
export function bindThoughts(
  conversation: Conversation,
  parts: readonly Part[],
  context: AnswerContext,
): Part[] {
  let prefix = blocksIn(conversation).reduce(
    (before, { role, block }) => grown(before, role, block),
    begun(conversation),
  );
  return parts.map((part) => {
    const signed = sealed(withId(part), prefix);
    for (const { whole } of blocksOf([signed], context)) prefix = grown(prefix, "assistant", whole);
    return signed;
  });
}

/** The thoughts of a conversation that do not fit into it, in their order. */
export function brokenThoughts(conversation: Conversation): BrokenThought[] {
  const broken: BrokenThought[] = [];
  let prefix = begun(conversation);
  for (const { role, block, path } of blocksIn(conversation)) {
    const [sealedPrefix, sealedText] = readSeal(block);
    if (sealedPrefix !== undefined && sealedPrefix !== prefix) broken.push({ path, reason: "prefix" });
    else if (sealedText !== undefined && sealedText !== digest(block.thinking ?? ""))
      broken.push({ path, reason: "modified" });
    prefix = grown(prefix, role, block);
  }
  return broken;
}

function begun({ system, tools }: Conversation): string {
  return digest(canonical([system ?? null, tools ?? []]));
}

/** Blocks that the API sends and does not take (empty texts) count for nothing. */
function grown(prefix: string, role: string, block: object): string {
  if ("text" in block && block.text === "") return prefix;
  return digest(prefix + canonical([role, block]));
}

function sealed(part: Part, prefix: string): Part {
  if (part.type === "redacted_thinking") return { ...part, data: `${sealMark}${prefix}.${digest("")}` };
  if (part.type !== "thinking" || part.signature !== undefined) return part;
  return { ...part, signature: `${sealMark}${prefix}.${digest(part.text)}` };
}

function readSeal({ type, signature, data }: Block): string[] {
  const seal = (type === "redacted_thinking" ? data : signature) ?? "";
  const isThought = type === "thinking" || type === "redacted_thinking";
  return isThought && seal.startsWith(sealMark) ? seal.slice(sealMark.length).split(".") : [];
}

/** Calls get their ids here: what comes behind them is bound to these too. */
function withId(part: Part): Part {
  const needsId = "name" in part || part.type === "web_search";
  return needsId && part.id === undefined
    ? { ...part, id: `toolu_${randomUUID().replaceAll("-", "")}` }
    : part;
}

/** The same text for the same content: members in one order, marks for caches left out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (name, member) => {
    if (name === "cache_control") return undefined;
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
