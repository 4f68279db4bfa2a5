/** `$${` (a literal `${`), `${NAME}`, or a `${` that is neither. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

/**
 * Replaces each `${NAME}` by that environment variable; `$${` stands for `${`.
 * @param report called for each variable that is not set and each `${` that names none; the text is then of no use
 */
export function expandEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  report: (message: string) => void,
): string {
  return text.replace(REFERENCE, (reference, name: string | undefined) => {
    if (reference === "$${") {
      return "${";
    }
    if (name === undefined) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text shows what to write in the file
      report("expected ${NAME} with the name of an environment variable (write $${ for a literal ${)");
      return "";
    }
    const value = env[name];
    if (value === undefined) {
      report(`the environment variable ${name} is not set`);
    }
    return value ?? "";
  });
}
