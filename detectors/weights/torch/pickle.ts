/** A pickled tuple; lists are arrays. */
export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A class or function that a pickle names; nothing is ever imported or called. */
export class Global {
  constructor(readonly name: string) {}
}

/** What `PickleHost` makes of a call or of a persistent id. */
export abstract class HostObject {
  /** Tells the class apart from other objects for the type checker. */
  abstract readonly kind: string;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Tuple
  | Map<PickleValue, PickleValue>
  | Global
  | HostObject;

/** What a pickle may refer to. Every method throws at what it doesn't know. */
export interface PickleHost {
  /** Whether `MODULE.NAME` may stand in the file at all. */
  allows(name: string): boolean;
  /** The result of calling a global. */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** The object behind a persistent id. */
  load(id: PickleValue): PickleValue;
}

/** The longest text that a name or a path has; more is no weights file. */
const MAX_TEXT = 1 << 20;
/** Numbers in text longer than this are none. */
const MAX_LINE = 1024;

/** A place in bytes that moves on as they are read. */
export class Cursor {
  readonly #view: DataView;
  constructor(
    readonly bytes: Uint8Array,
    public position = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on by `length` bytes and gives the place before. */
  skip(length: number): number {
    const start = this.position;
    if (!(length >= 0 && length <= this.bytes.byteLength - start)) {
      throw new Error(
        `${length} bytes are due at byte ${start} of ${this.bytes.byteLength} (truncated?)`,
      );
    }
    this.position += length;
    return start;
  }
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }
  byte(): number {
    return this.bytes[this.skip(1)];
  }
  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }
  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  /** @throws Error when it is past what doubles hold exactly */
  uint64(): number {
    const value = Number(this.#view.getBigUint64(this.skip(8), true));
    if (!Number.isSafeInteger(value)) throw new Error(`a length of ${value}`);
    return value;
  }
  /** Big-endian, as pickles have it. */
  double(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }
  text(length: number): string {
    if (length > MAX_TEXT) throw new Error(`a text of ${length} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(this.take(length));
  }
  line(): string {
    const end = this.bytes.indexOf(10, this.position);
    if (end < 0 || end - this.position > MAX_LINE) throw new Error('a line has no end');
    const text = this.text(end - this.position);
    this.position = end + 1;
    return text;
  }
}

const MARK = Symbol('mark');

/**
 * Reads one pickle (protocols 2 to 5) and knows only what stored tensors need:
 * numbers, texts, lists, tuples, dictionaries, and the few globals that the host
 * allows. No code runs and no class is loaded, whatever the file says; each step
 * consumes bytes of the file, so that its length bounds the work. The cursor
 * stands behind the pickle afterwards.
 *
 * @throws Error that says what is wrong and at which byte
 */
export function readPickle(cursor: Cursor, host: PickleHost): PickleValue {
  const machine = new Machine(cursor, host);
  for (;;) {
    const at = cursor.position;
    try {
      if (!machine.step()) return machine.result();
    } catch (error) {
      throw new Error(`${(error as Error).message} (byte ${at} of the pickle)`, {
        cause: error,
      });
    }
  }
}

class Machine {
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(
    private readonly cursor: Cursor,
    private readonly host: PickleHost,
  ) {}

  /** One instruction; false after the last. Codes: Python's pickletools. */
  step(): boolean {
    const { cursor } = this;
    const code = cursor.byte();
    switch (code) {
      case 0x80: // PROTO
        this.#checkProtocol(cursor.byte());
        return true;
      case 0x95: // FRAME
        cursor.uint64();
        return true;
      case 0x2e: // STOP
        return false;
      case 0x28: // MARK
        this.#stack.push(MARK);
        return true;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // BININT
        return this.#push(cursor.int32());
      case 0x4b: // BININT1
        return this.#push(cursor.byte());
      case 0x4d: // BININT2
        return this.#push(cursor.uint16());
      case 0x8a: // LONG1
        return this.#push(integer(cursor.take(cursor.byte())));
      case 0x47: // BINFLOAT
        return this.#push(cursor.double());
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        return this.#push(cursor.text(cursor.uint32()));
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        return this.#push(cursor.text(cursor.byte()));
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x29: // EMPTY_TUPLE
        return this.#push(new Tuple([]));
      case 0x74: // TUPLE
        return this.#push(new Tuple(this.#popToMark()));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(new Tuple(this.#popMany(code - 0x84)));
      case 0x61: // APPEND
        return this.#append(this.#popMany(1));
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x71: // BINPUT
        return this.#remember(cursor.byte());
      case 0x72: // LONG_BINPUT
        return this.#remember(cursor.uint32());
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x68: // BINGET
        return this.#recall(cursor.byte());
      case 0x6a: // LONG_BINGET
        return this.#recall(cursor.uint32());
      case 0x63: // GLOBAL
        return this.#global(cursor.line(), cursor.line());
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        return this.#global(module, name);
      }
      case 0x52: {
        // REDUCE
        const [callee, args] = this.#popMany(2);
        if (!(callee instanceof Global && args instanceof Tuple)) {
          throw new Error('it calls something that is no function');
        }
        return this.#push(this.host.call(callee.name, args.items));
      }
      case 0x51: // BINPERSID
        return this.#push(this.host.load(this.#popMany(1)[0]));
      case 0x62: // BUILD: attributes of a dictionary ("_metadata"), which nothing needs
        this.#popMany(1);
        if (!(this.#top() instanceof Map)) {
          throw new Error('it sets attributes of something that is no dictionary');
        }
        return true;
      default:
        throw new Error(
          `instruction 0x${code.toString(16).padStart(2, '0')} is none that stored tensors need; refused`,
        );
    }
  }

  result(): PickleValue {
    if (this.#stack.length !== 1) {
      throw new Error(`it ends with ${this.#stack.length} objects instead of one`);
    }
    return this.#popMany(1)[0];
  }

  #checkProtocol(protocol: number): void {
    if (protocol < 2 || protocol > 5) throw new Error(`protocol ${protocol}; 2 to 5`);
  }
  #push(value: PickleValue): true {
    this.#stack.push(value);
    return true;
  }
  #top(): PickleValue {
    const top = this.#stack.at(-1);
    if (top === undefined || top === MARK) throw new Error('its stack is empty');
    return top;
  }
  #popMany(count: number): PickleValue[] {
    const items = this.#stack.splice(Math.max(0, this.#stack.length - count), count);
    if (items.length < count || items.includes(MARK)) {
      throw new Error('its stack is empty');
    }
    return items as PickleValue[];
  }
  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error('its stack has no mark');
    return this.#stack.splice(mark).slice(1) as PickleValue[];
  }
  #append(items: PickleValue[]): true {
    const list = this.#top();
    if (!Array.isArray(list))
      throw new Error('it appends to something that is no list');
    for (const item of items) list.push(item);
    return true;
  }
  #setItems(items: PickleValue[]): true {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) {
      throw new Error('it sets an entry of something that is no dictionary');
    }
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
    return true;
  }
  #remember(index: number): true {
    this.#memo.set(index, this.#top());
    return true;
  }
  #recall(index: number): true {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Error(`it recalls object ${index} before it is`);
    return this.#push(value);
  }
  #global(module: PickleValue, name: PickleValue): true {
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw new Error('it names a global by something that is no text');
    }
    const full = `${module}.${name}`;
    if (!this.host.allows(full)) {
      throw new Error(
        `it refers to "${full.slice(0, 200)}", which stored tensors don't need; refused, nothing was run`,
      );
    }
    return this.#push(new Global(full));
  }
}

/** Two's complement, little-endian, of any length. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  if (bytes.length > 0) value = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
