import { MESSAGES, type Field, type MessageType } from './messages.js';

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

/**
 * A message of ONNX in protocol buffers' form; fields that it doesn't have are left out.
 *
 * Written here, and not by protobufjs, because loading and compiling that takes a tenth
 * of the time from the start of a program to the first thing that a network says.
 */
export function encodeMessage(
  type: keyof typeof MESSAGES,
  message: object,
): Uint8Array {
  const writer = new ByteWriter();
  writeMessage(writer, type, message);
  return writer.finish();
}

function writeMessage(writer: ByteWriter, type: string, message: object): void {
  const { fields } = (MESSAGES as Record<string, MessageType>)[type];
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    if (value === undefined) continue;
    const field = fields[name];
    if (!field) throw new TypeError(`${type} has no field "${name}"`);
    if (field.rule !== 'repeated') writeField(writer, field, value);
    else if (isNumber(field)) writePacked(writer, field, value as number[]);
    else for (const item of value as unknown[]) writeField(writer, field, item);
  }
}

const isNumber = ({ type }: Field) => type === 'int64' || type === 'int32';

function writePacked(writer: ByteWriter, { id }: Field, numbers: number[]): void {
  if (numbers.length === 0) return;
  writer.tag(id, BYTES);
  writer.measured(() => {
    for (const number of numbers) writer.integer(number);
  });
}

function writeField(writer: ByteWriter, field: Field, value: unknown): void {
  const { type, id } = field;
  if (isNumber(field)) {
    writer.tag(id, VARINT);
    writer.integer(value as number);
    return;
  }
  if (type === 'float') {
    writer.tag(id, FIXED32);
    writer.float(value as number);
    return;
  }
  writer.tag(id, BYTES);
  if (type === 'string') writer.measured(() => writer.text(value as string));
  else if (type === 'bytes') writer.lengthAndBytes(value as Uint8Array);
  else writer.measured(() => writeMessage(writer, type, value as object));
}

/** Bytes needed for a number of at least 0. */
export function varintSize(value: number): number {
  let size = 1;
  for (; value >= 128; value = Math.floor(value / 128)) size++;
  return size;
}

/** Bytes in a row, of as many as are written. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param size room at the start; more is made when it is needed */
  constructor(size = 64) {
    this.#bytes = Buffer.alloc(size);
  }

  /** All bytes so far, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  tag(id: number, wireType: number): void {
    this.integer(id * 8 + wireType);
  }

  lengthAndBytes(bytes: Uint8Array): void {
    this.integer(bytes.length);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What `write` writes, after the number of its bytes. */
  measured(write: () => void): void {
    this.#room(1);
    const start = ++this.#length;
    write();
    const size = this.#length - start;
    // One byte was left for the number, which mostly is enough.
    const more = varintSize(size) - 1;
    this.#room(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length = start - 1;
    this.integer(size);
    this.#length += size;
  }

  text(text: string): void {
    this.#room(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** A whole number, up to 2⁵³ either way; those below 0 as 64 bits in two's complement. */
  integer(value: number): void {
    this.#room(value >= 0 ? varintSize(value) : 10);
    if (value >= 0) {
      for (; value >= 128; value = Math.floor(value / 128)) {
        this.#bytes[this.#length++] = (value % 128) | 128;
      }
      this.#bytes[this.#length++] = value;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  float(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeFloatLE(value, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const longer = Buffer.alloc(Math.max(2 * this.#bytes.length, needed));
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}
