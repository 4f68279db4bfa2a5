import type { Interceptor } from "@connectrpc/connect";
import { API_VERSION, API_VERSION_HEADER } from "./api-version.ts";

/** Header that carries a gateway or admin key: `Bearer <key>`. */
export const AUTHORIZATION_HEADER = "authorization";

/** Header in which an AI client may send its aibridge token, leaving its own credential headers to the provider. */
export const TOKEN_HEADER = "x-aibridge-token";

/** Response header with the id of the interception a request became. */
export const INTERCEPTION_ID_HEADER = "x-aibridge-interception-id";

/** Connect client interceptor that signs every call with a gateway or admin key and names the API version. */
export function channelInterceptor(key: string): Interceptor {
  return (next) => (request) => {
    request.header.set(AUTHORIZATION_HEADER, `Bearer ${key}`);
    request.header.set(API_VERSION_HEADER, API_VERSION);
    return next(request);
  };
}

/** The secret in an `authorization: Bearer …` header, undefined for anything else. The scheme's case does not matter. */
export function readBearer(header: string | null | undefined): string | undefined {
  const [, secret] = /^bearer +(\S+)\s*$/i.exec(header ?? "") ?? [];
  return secret;
}
