import { EvaluationError } from '../errors.js';

/**
 * Parses JSON from text or UTF-8 bytes, with the place of a fault in the message.
 *
 * @throws EvaluationError `INVALID_SYNTAX`
 */
export function parseJson(json: string | Uint8Array, file: string): unknown {
  let text: string;
  try {
    text = typeof json === 'string' ? json : new TextDecoder('utf-8').decode(json);
  } catch {
    throw new EvaluationError(
      'INVALID_SYNTAX',
      'the file is too long for one text (half a gigabyte); split it',
      file,
    );
  }
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    const reason = (error as Error).message;
    const position = /at position (\d+)/.exec(reason);
    const where = position ? lineAndColumn(text, Number(position[1])) : undefined;
    const notANumber = /\b(NaN|-?Infinity)\b/.exec(text);
    const remedy = notANumber
      ? `; JSON has no ${notANumber[1]}: write a number or leave the entry out`
      : text.trim() === ''
        ? '; the file is empty'
        : '';
    throw new EvaluationError(
      'INVALID_SYNTAX',
      `not JSON: ${reason}${remedy}`,
      file,
      where,
    );
  }
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  return `line ${line}, column ${position - before.lastIndexOf('\n')}`;
}
