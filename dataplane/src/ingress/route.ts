import type { ApiName } from "../apis/api.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { RuntimeProvider } from "../plan/runtime-config.ts";
import type { PassthroughRoute } from "../upstream/providers/kind.ts";
import { upstreamTarget } from "../upstream/target.ts";

/** Where a request goes. */
export type Route =
  /** Inference that is understood and recorded. */
  | InterceptRoute
  /** Anything else that is allowed. */
  | PassthroughMatch
  /** A client's look whether somebody is there. */
  | { readonly kind: "hello" };

interface ProviderRoute {
  readonly provider: RuntimeProvider;
  /** Route without the provider, as records and metrics name it: "/v1/models/*". */
  readonly template: string;
  /** Path and query of the upstream request. */
  readonly upstreamTarget: string;
}

export interface InterceptRoute extends ProviderRoute {
  readonly kind: "intercept";
  readonly api: ApiName;
}

export interface PassthroughMatch extends ProviderRoute {
  readonly kind: "passthrough";
  /** True if it reads what is stored at the provider. */
  readonly storedState: boolean;
  /** The API of a request that is only counted; undefined for all others. */
  readonly counts: ApiName | undefined;
}

/** The path and query of a request target. */
export interface Target {
  /** As sent, without the query. */
  readonly rawPath: string;
  /** Decoded. */
  readonly path: string;
  /** With "?", or "". */
  readonly query: string;
}

const encodedTrick = /%(?:2f|5c|00)/i;

/** Reads a request target. Throws `invalid_path` for anything that two readers could read differently. */
export function readTarget(url: string): Target {
  const mark = url.indexOf("?");
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? "" : url.slice(mark);
  if (!rawPath.startsWith("/")) throw invalidPath("must start with a slash");
  if (rawPath.includes("\\") || rawPath.includes("#") || encodedTrick.test(rawPath))
    throw invalidPath("must not contain encoded slashes, backslashes or fragments");
  const path = decode(rawPath);
  if (path.includes("//")) throw invalidPath("must not contain empty segments");
  if (/\/\.\.?(?:\/|$)/.test(path)) throw invalidPath("must not contain . or .. segments");
  return { rawPath, path, query };
}

function decode(rawPath: string): string {
  if (!rawPath.includes("%")) return rawPath;
  try {
    return decodeURIComponent(rawPath);
  } catch {
    throw invalidPath("has a broken percent-encoding");
  }
}

function invalidPath(why: string): GatewayError {
  return new GatewayError("invalid_path", `The request path ${why}.`);
}

/** The API whose error shape fits a path, where no provider says it. */
export function errorShapeOf(path: string): ApiName {
  return /\/v1\/messages(?:\/[^/]*)?$/.test(path) ? "messages" : "chat";
}

/** The name of the provider that a path asks for: its first segment. */
export function providerName({ path }: Target): string {
  const slash = path.indexOf("/", 1);
  return slash === -1 ? path.slice(1) : path.slice(1, slash);
}

/**
 * Finds the route of a request. Nothing but what the tables of the provider kinds and the configured pass-through
 * routes name can be reached.
 */
export function matchRoute(
  method: string,
  target: Target,
  providers: ReadonlyMap<string, RuntimeProvider>,
): Route {
  const { path, rawPath, query } = target;
  const slash = path.indexOf("/", 1);
  const name = providerName(target);
  const provider = providers.get(name);
  if (provider === undefined) throw unknownProvider(name);
  const rest = slash === -1 ? "" : path.slice(slash);
  if (method === "HEAD" && (rest === "" || rest === "/api/hello")) return { kind: "hello" };
  const restAt = rawPath.indexOf("/", 1);
  // What the base URL stands for is cut off by its length, so it must be spelled as it is.
  const { mount } = provider.kind;
  if (rest.startsWith(mount) && !rawPath.startsWith(mount, restAt))
    throw invalidPath("must not encode plain letters");
  const upstream = (): string =>
    upstreamTarget(provider, rawPath.slice(restAt + provider.kind.mount.length), query);
  const intercepted = provider.kind.intercepted.find((route) => route.path === rest);
  if (intercepted !== undefined && method === "POST")
    return {
      kind: "intercept",
      provider,
      api: intercepted.api,
      template: intercepted.path,
      upstreamTarget: upstream(),
    };
  const candidates = provider.passthrough.filter((route) => covers(route.path, rest));
  const passed = candidates.find((route) => route.methods === "*" || route.methods.includes(method));
  if (passed !== undefined && intercepted === undefined)
    return {
      kind: "passthrough",
      provider,
      template: passed.path,
      upstreamTarget: upstream(),
      storedState: passed.storedState ?? false,
      counts: passed.counts,
    };
  if (intercepted !== undefined || candidates.length > 0)
    throw methodNotAllowed(intercepted === undefined ? candidates : [{ methods: ["POST"], path: rest }]);
  if (provider.disabled !== undefined)
    throw new GatewayError("provider_disabled", `The ${provider.disabled}.`, { retryAfter: 60 });
  throw new GatewayError("route_not_found", `The gateway does not serve this path on provider ${name}.`);
}

function covers(pattern: string, path: string): boolean {
  // Many servers take a path with a slash at its end for the same one: here it could pass for another route.
  if (path.endsWith("/")) return false;
  if (!pattern.endsWith("/*")) return pattern === path;
  return path.startsWith(pattern.slice(0, -1)) && path.length > pattern.length - 1;
}

function unknownProvider(name: string): GatewayError {
  const shown = /^[a-z0-9-]{1,64}$/.test(name) ? ` named ${name}` : "";
  return new GatewayError(
    "provider_not_found",
    `There is no provider${shown}. The first segment of the path names a configured provider, as in /anthropic/v1/messages.`,
  );
}

function methodNotAllowed(routes: readonly PassthroughRoute[]): GatewayError {
  const allow = [...new Set(routes.flatMap((route) => (route.methods === "*" ? [] : route.methods)))].join(
    ", ",
  );
  return new GatewayError("method_not_allowed", `This path takes ${allow}.`, { headers: { allow } });
}
