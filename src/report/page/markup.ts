/** Text that is HTML already. Only `markup` makes it, and what is ours: style and script. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What stands in a template: text is escaped, lists are joined, nothing is left out. */
export type MarkupValue =
  Markup | string | number | readonly MarkupValue[] | null | undefined | false;

/**
 * Template of HTML: whatever is put in is escaped, for text between tags and for
 * attributes in double quotes alike, unless it is HTML made the same way. So no name of
 * a class or a file, which come from files of strangers, becomes a part of the page.
 */
export function markup(
  parts: TemplateStringsArray,
  ...values: readonly MarkupValue[]
): Markup {
  let text = parts[0];
  values.forEach((value, i) => {
    text += render(value) + parts[i + 1];
  });
  return new Markup(text);
}

function render(value: MarkupValue): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  if (!value) return '';
  return value.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, halves of surrogate pairs, and those that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes text; what would not print, or would reorder its surroundings, shows as �. */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"']/g, (c) => ENTITIES[c]);
}
