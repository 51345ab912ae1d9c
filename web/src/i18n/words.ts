// How a text of the catalogue becomes a text on the page: names are filled in, and counts choose the form.

/** One text, or one for each form that a language has for counts. */
export type Text = string | { one: string; other: string };
export type Values = Record<string, string | number>;

/** A text with its names filled in; a count (`n`) chooses the form, and is written as the language writes numbers. */
export function filled(text: Text, values: Values, language: string): string {
  const form =
    typeof text === 'string'
      ? text
      : new Intl.PluralRules(language).select(Number(values.n ?? 0)) === 'one'
        ? text.one
        : text.other;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}

/** The names that a text wants. */
export function names(text: Text): string[] {
  const forms = typeof text === 'string' ? [text] : [text.one, text.other];
  return [...new Set(forms.flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '')))].sort();
}
