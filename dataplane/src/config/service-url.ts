import { plaintextProblem } from "@aibridge/proto/channel";

/** Why a text cannot be the URL of a service; undefined if it can. */
export function serviceUrlProblem(text: string, insecurePlaintext: boolean): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return `expected a URL such as http://127.0.0.1:9090, found "${text}"`;
  return insecurePlaintext ? undefined : plaintextProblem(text);
}

/** A service's URL without slashes at its end. */
export function withoutTrailingSlashes(url: string): string {
  return url.replace(/\/+$/, "");
}
