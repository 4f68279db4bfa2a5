/**
 * A provider credential as records show it: enough to tell keys apart, never enough to use one. At most 4 characters at
 * each end and never more than a third of the whole: "sk-a…4f2c". Too short for that: "…".
 */
export function maskCredential(credential: string): string {
  const shown = Math.min(4, Math.floor(credential.length / 6));
  if (shown < 2) return "…";
  return `${credential.slice(0, shown)}…${credential.slice(-shown)}`;
}
