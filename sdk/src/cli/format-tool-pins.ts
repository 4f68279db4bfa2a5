import type { ToolPin } from "@aibridge/proto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { definitionDiff } from "./definition-diff.ts";
import { formatTime } from "./format-values.ts";
import { visibleLine } from "./safe-text.ts";
import { pinDigest } from "./tool-pins.ts";

/**
 * What waits to be approved, each with what differs from the definition of the same tool that was approved last; empty if
 * nothing waits.
 * @param pins in the order of the list: by server, URL and tool
 */
export function formatWaiting(pins: readonly ToolPin[]): string {
  const waiting = pins.filter(({ approvedAt }) => approvedAt === undefined);
  if (waiting.length === 0) {
    return "";
  }
  const lines = waiting.flatMap((pin, index) => {
    const sameServer = index > 0 && serverOf(waiting[index - 1] as ToolPin) === serverOf(pin);
    const heading = sameServer ? [] : [...(index > 0 ? [""] : []), serverOf(pin)];
    return [...heading, ...pinLines(pin, approvedLast(pins, pin))];
  });
  return `${lines.map(visibleLine).join("\n")}\n\nApprove with: aibridge mcp approve SERVER [TOOL] [--sha256 HEX]\n`;
}

/** "wiki read_page (https://wiki.example/mcp), sha256 3fa9…" */
export function formatPin(pin: ToolPin): string {
  return visibleLine(`${pin.serverName} ${pin.tool} (${pin.serverUrl}), sha256 ${pinDigest(pin)}`);
}

function serverOf({ serverName, serverUrl }: ToolPin): string {
  return `${serverName}  ${serverUrl}`;
}

function pinLines(pin: ToolPin, approved: ToolPin | undefined): string[] {
  return [
    `  ${pin.tool}  since ${formatTime(pin.firstSeenAt)}`,
    `    sha256 ${pinDigest(pin)}`,
    ...definitionDiff(approved?.definition ?? "{}", pin.definition).map((line) => `    ${line}`),
  ];
}

function approvedLast(
  pins: readonly ToolPin[],
  { serverName, serverUrl, tool }: ToolPin,
): ToolPin | undefined {
  return pins
    .filter((pin) => pin.serverName === serverName && pin.serverUrl === serverUrl && pin.tool === tool)
    .filter(({ approvedAt }) => approvedAt !== undefined)
    .sort((a, b) => approvedMs(a) - approvedMs(b))
    .at(-1);
}

function approvedMs({ approvedAt }: ToolPin): number {
  return approvedAt === undefined ? 0 : timestampMs(approvedAt);
}
