import { EvaluationError } from '../errors.js';

/** A table with a header. Header names are trimmed and in lower case. */
export interface Table {
  header: string[];
  rows: { fields: string[]; where: string }[];
}

/**
 * Reads comma-separated values (RFC 4180): fields in double quotes may hold commas,
 * line breaks and doubled quotes; lines end in \n or \r\n; empty lines are skipped.
 *
 * @throws EvaluationError for an open quote or a row of another length than the header
 */
export function readTable(text: string, file: string): Table {
  const rows: Table['rows'] = [];
  let line = 1;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const where = `line ${line}`;
    const fields: string[] = [];
    for (;;) {
      if (text[at] === '"') {
        let value = '';
        for (;;) {
          const end = text.indexOf('"', at + 1);
          if (end < 0) {
            throw new EvaluationError(
              'INVALID_SYNTAX',
              'a quoted field does not end',
              file,
              where,
            );
          }
          value += text.slice(at + 1, end);
          at = end + 1;
          if (text[at] !== '"') break;
          value += '"';
        }
        line += value.split('\n').length - 1;
        fields.push(value);
      } else {
        let end = at;
        while (end < text.length && text[end] !== ',' && text[end] !== '\n') end++;
        fields.push(text.slice(at, end).replace(/\r$/, ''));
        at = end;
      }
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (at < text.length && text[at] !== '\n') {
      throw new EvaluationError(
        'INVALID_SYNTAX',
        'a quoted field goes on after its end; double the quotes inside it',
        file,
        where,
      );
    }
    at++;
    line++;
    if (fields.length > 1 || fields[0] !== '') rows.push({ fields, where });
  }
  const [first, ...rest] = rows;
  if (!first) {
    throw new EvaluationError('INVALID_SYNTAX', 'the file is empty', file);
  }
  for (const { fields, where } of rest) {
    if (fields.length !== first.fields.length) {
      throw new EvaluationError(
        'INVALID_STRUCTURE',
        `expected ${first.fields.length} fields as in the header, found ${fields.length}`,
        file,
        where,
      );
    }
  }
  return { header: first.fields.map((name) => name.trim().toLowerCase()), rows: rest };
}
