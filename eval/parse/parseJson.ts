import { EvaluationError } from '../errors.js';
import { findJsonFault } from './findJsonFault.js';

/**
 * Parses JSON from text or UTF-8 bytes, with the place of a fault in the message.
 *
 * @throws EvaluationError `INVALID_SYNTAX`
 */
export function parseJson(json: string | Uint8Array, file: string): unknown {
  const text = typeof json === 'string' ? json : decodeText(json, file);
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return JSON.parse(body);
  } catch {
    return refuseJson(body, file);
  }
}

/**
 * UTF-8 bytes as text.
 *
 * @throws EvaluationError when they are no UTF-8, or too many for one string
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason =
      (error as { code?: string }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'the bytes are not UTF-8; save the file as UTF-8'
        : 'the file is too long for one text (half a gigabyte); read it in pieces';
    throw new EvaluationError('INVALID_SYNTAX', reason, file);
  }
}

function refuseJson(text: string, file: string): never {
  const fault = findJsonFault(text);
  if (text.trim() === '' || !fault) {
    throw new EvaluationError('INVALID_SYNTAX', 'not JSON: the file is empty', file);
  }
  const { position, path } = fault;
  const place = path === '' ? '' : ` at ${path}`;
  const rest = text.slice(position, position + 20);
  const nonNumber = /^(?:[+-]?(?:NaN|Infinity|nan|inf))/.exec(rest);
  let reason = `found ${JSON.stringify(rest)}${place}`;
  if (position === text.length) reason = `the file ends${place}; is it cut off?`;
  else if (nonNumber) reason += `; JSON has no ${nonNumber[0]}: leave the entry out`;
  throw new EvaluationError(
    'INVALID_SYNTAX',
    `not JSON: ${reason}`,
    file,
    lineAndColumn(text, position),
  );
}

/** `line 4, column 7`, both from 1. */
export function lineAndColumn(text: string, position: number): string {
  let line = 1;
  for (
    let at = text.indexOf('\n');
    at >= 0 && at < position;
    at = text.indexOf('\n', at + 1)
  ) {
    line++;
  }
  return `line ${line}, column ${position - text.lastIndexOf('\n', position - 1)}`;
}
