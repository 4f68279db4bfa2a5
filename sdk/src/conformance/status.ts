import { Code, ConnectError } from "@connectrpc/connect";
import { Unmet } from "./unmet.ts";

/** Code of a call that succeeded; gRPC has it, Connect's `Code` lists errors only. */
export const OK = 0;

/** How a call ended. */
export interface Status {
  readonly code: Code | typeof OK;
  /** What the recorder said; empty for OK. */
  readonly message: string;
}

/** How the call ended that these results or errors are from. */
export async function statusOf(call: Promise<unknown>): Promise<Status> {
  try {
    await call;
    return { code: OK, message: "" };
  } catch (error) {
    return errorStatus(error);
  }
}

/** The status in an error of a call. */
export function errorStatus(error: unknown): Status {
  const { code, rawMessage } = ConnectError.from(error);
  return { code, message: rawMessage };
}

/** "OK", "UNAUTHENTICATED (who are you?)". */
export function describeStatus({ code, message }: Status): string {
  return message === "" ? statusName(code) : `${statusName(code)} (${message})`;
}

/** Name of a status code as gRPC writes it: "INVALID_ARGUMENT". A number that is no code stays a number. */
export function statusName(code: number): string {
  if (code === OK) {
    return "OK";
  }
  return Code[code]?.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() ?? String(code);
}

/** @throws Unmet if the call did not end in one of the ways that are allowed */
export function expectStatus(what: string, status: Status, allowed: readonly Status["code"][]): void {
  if (!allowed.includes(status.code)) {
    throw new Unmet(
      `${allowed.map(statusName).join(" or ")} for ${what}`,
      `${describeStatus(status)} for ${what}`,
    );
  }
}
