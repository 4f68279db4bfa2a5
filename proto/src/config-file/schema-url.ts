import { z } from "zod";

/** An http or https URL without credentials and fragment. */
export function httpUrl() {
  return urlReadAs(({ href }) => href);
}

/** The same as {@link httpUrl} without a slash at the end of its path, so that request paths can be appended. */
export function baseUrlText() {
  return urlReadAs(({ origin, pathname, search }) => `${origin}${pathname.replace(/\/+$/, "")}${search}`);
}

function urlReadAs(format: (url: URL) => string) {
  return z.unknown().transform((value, context): string => {
    const url = readUrl(value);
    if (typeof url !== "string") {
      return format(url);
    }
    context.addIssue({
      code: "custom",
      message: value === undefined ? `is required: ${url}` : `expected ${url}`,
    });
    return z.NEVER;
  });
}

/** The URL, or what would have been accepted. */
function readUrl(value: unknown): URL | string {
  const url = typeof value === "string" && /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  if (url === null) {
    return "an http or https URL";
  }
  if (url.username !== "" || url.password !== "") {
    return "a URL without user name and password";
  }
  if (url.hash !== "") {
    return "a URL without a fragment";
  }
  return url;
}
