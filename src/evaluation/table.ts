import Table from 'cli-table3';

/** Tables keep to this many columns. */
const WIDTH = 80;

/** No first column is cut to fewer characters. */
const LEAST = 8;

/**
 * A table of at most 80 columns, words to the left and numbers to the right; words of the
 * first column that don't fit are cut.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => clean(String(cell))));
  const widths = head.map((title, column) =>
    Math.max(lengthOf(title), ...cells.map((row) => lengthOf(row[column]))),
  );
  // A border and two spaces a column, and the last border.
  const others = widths.slice(1).reduce((sum, width) => sum + width + 3, 0);
  const room = WIDTH - others - 4;
  const first = Math.max(LEAST, Math.min(widths[0], room));
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) =>
      column > 0 && cells.every((row) => /^$|^n\/a$|^[-+]?[\d.]+$/.test(row[column]))
        ? 'right'
        : 'left',
    ),
    colWidths: [first, ...widths.slice(1)].map((width) => width + 2),
    style: { head: [], border: [], compact: true },
  });
  table.push(...cells);
  return table.toString();
}

/** A fraction as percent with two digits; n/a where there is nothing to measure by. */
export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? 'n/a' : (100 * value).toFixed(2);
}

/** A difference in percent points, with its sign. */
export function points(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'n/a';
  const text = (100 * value).toFixed(2);
  return Number(text) > 0 ? `+${text}` : Number(text) === 0 ? '0.00' : text;
}

/** Names come from files: none may steer the terminal. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}

/** Columns that a text takes; most East Asian characters and pictures take two. */
function lengthOf(text: string): number {
  let length = 0;
  for (const character of text) {
    length +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return length;
}
