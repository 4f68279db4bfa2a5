import type { ApiName } from "../../apis/api.ts";

/** A route that is understood: one request to it is one interception. */
export interface InterceptedRoute {
  /** Path after the provider's name; also the route template of records and metrics. */
  readonly path: string;
  readonly api: ApiName;
}

/** A route that is passed through without a look at its content. */
export interface PassthroughRoute {
  /** Allowed methods; `*` allows all. */
  readonly methods: readonly string[] | "*";
  /** Path after the provider's name. A trailing `/*` matches anything below it, but not the path itself. */
  readonly path: string;
  /** True if it reads what is stored at the provider: with a central key that may be another actor's. */
  readonly storedState?: boolean;
  /** The API of requests that are only counted: they get the tools that the request itself would get. */
  readonly counts?: ApiName;
}

/** What one type of provider is like: data more than code. */
export interface ProviderKind {
  /** Name of the type in configuration and records: "anthropic". */
  readonly type: string;
  readonly intercepted: readonly InterceptedRoute[];
  readonly passthrough: readonly PassthroughRoute[];
  /** What of the client's path stands for the base URL: the rest behind `/<name>` + this goes upstream. */
  readonly mount: "" | "/v1";
  /** True if only the user's own credential may be used. */
  readonly byokOnly: boolean;
  /** Shape of the gateway's errors on this provider's unintercepted routes. */
  readonly errorShape: ApiName;
  /** Header that carries a central key: its lower-case name and value. */
  keyHeader(key: string): readonly [name: string, value: string];
}
