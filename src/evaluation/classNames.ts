import { readNames } from '../../eval/index.js';
import { UsageError } from '../errors.js';
import { readText } from './files.js';

/**
 * Class names by number: a line for each, or the `names` of a `data.yaml`.
 *
 * @throws UsageError INVALID_NAMES
 */
export async function readClassNames(path: string): Promise<string[]> {
  const text = await readText(path);
  const names = /\.ya?ml$/i.test(path) ? namesOfYaml(text, path) : readNames(text);
  if (names.length === 0) {
    throw new UsageError('INVALID_NAMES', `${path}: there are no class names`);
  }
  return names;
}

/**
 * The `names` of a YOLO data set's YAML: a list (`[a, b]` or a line each after `-`) or
 * numbers with names. Only this part of YAML is understood.
 */
function namesOfYaml(text: string, path: string): string[] {
  const refuse = (line: number, reason: string): never => {
    throw new UsageError(
      'INVALID_NAMES',
      `${path}: line ${line}: ${reason}; give a text file with a name on each line instead`,
    );
  };
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => /^names\s*:/.test(line));
  if (start < 0) return refuse(1, 'there is no `names:`');
  const first = withoutComment(lines[start].replace(/^names\s*:/, '')).trim();
  const names: string[] = [];
  if (first.startsWith('[') || first.startsWith('{')) {
    let inline = first;
    const end = first.startsWith('[') ? ']' : '}';
    for (let i = start + 1; !inline.endsWith(end) && i < lines.length; i++) {
      inline += ` ${withoutComment(lines[i]).trim()}`;
    }
    if (!inline.endsWith(end)) refuse(start + 1, `the list does not end with ${end}`);
    const items = splitItems(inline.slice(1, -1));
    items.forEach((item, i) => {
      if (end === ']') names.push(scalar(item));
      else addNumbered(names, item, () => refuse(start + 1, `found ${items[i]}`));
    });
    return names;
  }
  if (first !== '') refuse(start + 1, `found ${JSON.stringify(first)}`);
  for (let i = start + 1; i < lines.length; i++) {
    const line = withoutComment(lines[i]).trimEnd();
    if (line.trim() === '') continue;
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (item) names.push(scalar(item[1]));
    else if (!/^\s/.test(line)) break;
    else {
      addNumbered(names, line, () => refuse(i + 1, `found ${JSON.stringify(line)}`));
    }
  }
  const gap = Array.from(names, (name) => name === undefined).indexOf(true);
  if (gap >= 0) refuse(start + 1, `class ${gap} has no name`);
  return names;
}

function addNumbered(names: string[], item: string, refuse: () => never): void {
  const [, number, name] = /^\s*["']?(\d{1,6})["']?\s*:\s*(.+)$/.exec(item) ?? refuse();
  names[Number(number)] = scalar(name);
}

function scalar(text: string): string {
  const value = text.trim();
  if (value.startsWith('"') && value.endsWith('"') && value.length > 1) {
    try {
      return JSON.parse(value) as string;
    } catch {
      return value.slice(1, -1);
    }
  }
  if (value.startsWith("'") && value.endsWith("'") && value.length > 1) {
    return value.slice(1, -1).replaceAll("''", "'");
  }
  return value;
}

/** Items between commas that are not in quotes. */
function splitItems(text: string): string[] {
  const items = text.match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,"'])+/g) ?? [];
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

/** A `#` begins a comment at the start of a line or after a space, outside quotes. */
function withoutComment(line: string): string {
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '#' && (i === 0 || /\s/.test(line[i - 1]))) return line.slice(0, i);
  }
  return line;
}
