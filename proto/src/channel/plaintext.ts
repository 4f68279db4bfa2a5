import { isLoopback } from "../settings/listen-address.ts";

/**
 * Why a service URL must not be used: keys would cross a network unencrypted.
 * @param url an http or https URL
 * @returns undefined for https and for http to this machine, else what to do about it
 */
export function plaintextProblem(url: string): string | undefined {
  const { protocol, hostname, host } = new URL(url);
  if (protocol === "https:" || isLoopback(hostname)) {
    return undefined;
  }
  return `http://${host} would send keys unencrypted over the network: use https, or allow it with --insecure-plaintext`;
}
