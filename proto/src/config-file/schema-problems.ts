import type { z } from "zod";
import type { Problem } from "./config-file-error.ts";
import type { Path, YamlDocument } from "./yaml-document.ts";

/** Values under these keys never appear in error messages. */
const SECRET_KEYS = new Set([
  "keys",
  "headers",
  "access_token",
  "access_key_id",
  "secret_access_key",
  "session_token",
]);

/** What was read, with what is known of the places of its values. */
export type Source = Pick<YamlDocument, "content" | "isExpanded"> & {
  /** Undefined for something that has no lines. */
  lineOf(path: Path): number | undefined;
};

/** What an issue that the schema found says to the operator. */
export function toProblems(issue: z.core.$ZodIssue, file: string, document: Source): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((key, index) => {
      const path = [...issue.path, key];
      return {
        file,
        line: document.lineOf(path),
        key: formatPath(path),
        message: messages[index] ?? "unknown key",
      };
    });
  }
  const message = withFound(issue, document);
  return [{ file, line: document.lineOf(issue.path), key: formatPath(issue.path), message }];
}

function withFound(issue: z.core.$ZodIssue, document: Source): string {
  const found = valueAt(document.content, issue.path);
  if (found === undefined || issue.code === "invalid_key") {
    return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  }
  const secret = issue.path.some((step) => SECRET_KEYS.has(String(step))) || document.isExpanded(issue.path);
  return `${issue.message}, found ${describe(found, secret)}`;
}

function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const step of path) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  }
  return value;
}

function describe(value: unknown, secret: boolean): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty list" : "a list";
  }
  if (value === null) {
    return "nothing";
  }
  if (typeof value === "object") {
    return "a mapping";
  }
  if (value === "") {
    return "an empty text";
  }
  if (secret) {
    return typeof value === "number" ? "a number (put it into quotes)" : "a value that is not shown here";
  }
  return typeof value === "string" ? JSON.stringify(withoutUserInfo(value).slice(0, 80)) : String(value);
}

/** A password in a URL is a secret whatever its key. */
function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^/?#]*@/, "//…@");
}

/** A path as messages show it: "providers[0].base_url". */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") {
      return `${text}[${step}]`;
    }
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}
