/** The credential of one upstream request, as headers, with what records show of it. */
export interface UpstreamCredential {
  /** Lower-case names and values, sent as they are. Secret. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Masked form: "sk-a…4f2c". */
  readonly hint: string;
  /** True if it is the user's own. */
  readonly byok: boolean;
}
