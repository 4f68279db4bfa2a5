import type { RuntimeProvider } from "../plan/runtime-config.ts";

/** Path and query of an upstream request: the base URL's own, then the client's rest and query. */
export function upstreamTarget(provider: RuntimeProvider, rest: string, query: string): string {
  const path = provider.basePath + rest;
  if (provider.baseQuery === "") return path + query;
  return query === "" ? `${path}?${provider.baseQuery}` : `${path}?${provider.baseQuery}&${query.slice(1)}`;
}
