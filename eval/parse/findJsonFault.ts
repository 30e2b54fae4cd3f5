/** Where text stops being JSON. */
export interface JsonFault {
  /** Index of the first character that can't stand there; the length at a sudden end. */
  position: number;
  /** JSON path of the value that it is in, as in `annotations[3].bbox`. */
  path: string;
}

const literal = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const string =
  // eslint-disable-next-line no-control-regex -- JSON forbids these in strings
  /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const space = /[ \t\n\r]*/y;

/**
 * Finds the first fault of text that `JSON.parse` has refused: what V8 says of it
 * names neither the line nor the path. Nesting costs memory, not stack.
 *
 * @returns `undefined` for sound JSON
 */
export function findJsonFault(text: string): JsonFault | undefined {
  /** The containers around `at`: how far a list is, or the key of an object. */
  const inside: (number | string)[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return undefined;
    at = pattern.lastIndex;
    return match[0];
  };
  const skip = (character: string): boolean => {
    take(space);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const fault = (): JsonFault => ({ position: at, path: pathOf(inside) });
  const takeKey = (): boolean => {
    take(space);
    const key = text[at] === '"' ? take(string) : undefined;
    if (key === undefined || !skip(':')) return false;
    inside.push(JSON.parse(key) as string);
    return true;
  };

  for (;;) {
    take(space);
    if (skip('[')) {
      inside.push(0);
      if (!skip(']')) continue;
      inside.pop();
    } else if (skip('{')) {
      if (!skip('}')) {
        if (!takeKey()) return fault();
        continue;
      }
    } else if (take(text[at] === '"' ? string : literal) === undefined) {
      return fault();
    }
    // A value is over: close what ends here, or go to the next one.
    for (;;) {
      const last = inside[inside.length - 1];
      if (last === undefined) {
        take(space);
        return at === text.length ? undefined : fault();
      }
      const isList = typeof last === 'number';
      if (skip(',')) {
        inside.pop();
        if (isList) inside.push(last + 1);
        else if (!takeKey()) return fault();
        break;
      }
      if (!skip(isList ? ']' : '}')) return fault();
      inside.pop();
    }
  }
}

function pathOf(inside: readonly (number | string)[]): string {
  const parts = inside.length > 20 ? [...inside.slice(0, 20), '…'] : inside;
  return parts
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[A-Za-z_…][\w]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('')
    .replace(/^\./, '');
}
