/** Shorter ones would be found in ordinary text. */
const minSecretLength = 8;

/** The secret parts of a credential's header values, without schemes such as "Bearer". */
export function secretsOf(headers: readonly (readonly [name: string, value: string])[]): string[] {
  const secrets = headers.map(([, value]) => value.slice(value.indexOf(" ") + 1).trim());
  return secrets.filter((secret) => secret.length >= minSecretLength);
}

/** The text with every secret in it replaced. Some providers repeat a key they refuse in their error message. */
export function concealed(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "[redacted]"), text);
}

/** The bytes with every secret in them overwritten by asterisks, so that their number stays. */
export function concealedBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  let copy: Buffer | undefined;
  for (const secret of secrets) {
    for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + secret.length)) {
      copy ??= Buffer.from(bytes);
      copy.fill("*", at, at + secret.length);
    }
  }
  return copy ?? bytes;
}
