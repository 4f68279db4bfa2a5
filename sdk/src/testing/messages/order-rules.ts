import { repeated } from "../rules.ts";
import { blocksIn, type Conversation, contentOf, type PlacedBlock } from "./conversation.ts";

const roles = ["user", "assistant", "system"];

/** What is wrong with the roles, the blocks or the pairs of calls and results; undefined for nothing. */
export function orderProblem(conversation: Conversation): string | undefined {
  const turns = turnsOf(conversation);
  return shapeProblem(conversation) ?? pairProblem(turns) ?? startProblem(conversation, turns);
}

/** With a budget for thoughts the model begins with one, and whoever goes on with its calls keeps that. */
function startProblem({ thinking }: Conversation, turns: readonly PlacedBlock[][]): string | undefined {
  if (thinking !== "enabled") return undefined;
  const asked = turns.findLastIndex((turn) => turn[0]?.role === "user" && !turn.every(isResult));
  const answer = turns[asked + 1] ?? [];
  const [first] = answer;
  if (first === undefined || isThought(first) || !answer.some(isCall)) return undefined;
  return `${first.path}.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first.block.type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`;
}

function shapeProblem({ messages }: Conversation): string | undefined {
  if (messages.length === 0) return "messages: at least one message is required";
  for (const [index, message] of messages.entries()) {
    const content = contentOf(message);
    const isLast = index === messages.length - 1;
    if (!roles.includes(message.role)) return `messages.${index}.role: Input should be 'user' or 'assistant'`;
    if (content.length === 0 && !(isLast && message.role === "assistant"))
      return `messages.${index}: all messages must have non-empty content except for the optional final assistant message`;
    const empty = content.findIndex(({ type, text }) => type === "text" && text === "");
    if (empty !== -1) return `messages.${index}.content.${empty}: text content blocks must be non-empty`;
  }
  const first = messages.find(({ role }) => role !== "system");
  return first?.role === "user" ? undefined : 'messages: first message must use the "user" role';
}

/** Messages of one role in a row are one turn; those of the system belong to none. */
function turnsOf(conversation: Conversation): PlacedBlock[][] {
  const turns: PlacedBlock[][] = [];
  for (const placed of blocksIn(conversation)) {
    if (placed.role === "system") continue;
    const last = turns.at(-1);
    if (last?.[0]?.role === placed.role) last.push(placed);
    else turns.push([placed]);
  }
  return turns;
}

function pairProblem(turns: readonly PlacedBlock[][]): string | undefined {
  const calls = turns.flat().filter(isCall);
  const [twice] = repeated(calls.map(({ block }) => block.id ?? ""));
  if (twice !== undefined) {
    const place = calls.findLast(({ block }) => block.id === twice)?.path;
    return `${place}: \`tool_use\` ids must be unique`;
  }
  for (const [index, turn] of turns.entries()) {
    const problem =
      turn[0]?.role === "assistant"
        ? assistantProblem(turn, turns[index + 1] ?? [])
        : resultProblem(turn, turns[index - 1] ?? []);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function assistantProblem(turn: readonly PlacedBlock[], next: readonly PlacedBlock[]): string | undefined {
  const last = turn.at(-1);
  if (last !== undefined && isThought(last))
    return `messages.${last.index}: The final block in an assistant message cannot be \`thinking\`.`;
  // Results come before everything else.
  const end = next.findIndex((placed) => !isResult(placed));
  const answered = (end === -1 ? next : next.slice(0, end)).map(({ block }) => block.tool_use_id);
  const missing = turn.filter((placed) => isCall(placed) && !answered.includes(placed.block.id));
  if (missing.length === 0) return undefined;
  const ids = missing.map(({ block }) => block.id).join(", ");
  return `messages.${missing[0]?.index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}

function resultProblem(turn: readonly PlacedBlock[], before: readonly PlacedBlock[]): string | undefined {
  const called = before.filter(isCall).map(({ block }) => block.id);
  const seen = new Set<string>();
  for (const { block, path } of turn.filter(isResult)) {
    const id = block.tool_use_id ?? "";
    if (!called.includes(id))
      return `${path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
    if (seen.has(id))
      return `${path}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`;
    seen.add(id);
  }
  return undefined;
}

function isCall({ block }: PlacedBlock): boolean {
  return block.type === "tool_use";
}

function isResult({ block }: PlacedBlock): boolean {
  return block.type === "tool_result";
}

function isThought({ block }: PlacedBlock): boolean {
  return block.type === "thinking" || block.type === "redacted_thinking";
}
