import { createContextKey } from "@connectrpc/connect";

/** Who makes a call, as its key says. */
export type Caller =
  | { readonly kind: "admin" }
  /** The bootstrap gateway key is shared by data planes and names none of them. */
  | { readonly kind: "gateway"; readonly key: "bootstrap" }
  | { readonly kind: "gateway"; readonly key: "created"; readonly id: string; readonly name: string };

/** Where the request gate leaves the caller for the services. */
export const CALLER = createContextKey<Caller | undefined>(undefined, { description: "who makes the call" });
