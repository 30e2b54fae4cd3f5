/** The hot loops of proposals/ over pixels and histograms in WebAssembly text. */
import { lines, locals, range } from './text.mjs';

const get = (name) => `(local.get $${name})`;
const advance = (name, by) =>
  `(local.set $${name} (i32.add ${get(name)} (i32.const ${by})))`;

/**
 * One row of interleaved bytes smoothed along x into 16-bit sums, 16 values a step:
 * `to[i]` = Σ kernel[r] · (from[i − r · channels] + from[i + r · channels]). The kernel's
 * `taps` are 16 bits each, centre first, and sum to 256 with both sides.
 */
const smoothRow = `
  (func (export "smoothRow") (param $from i32) (param $to i32) (param $length i32)
      (param $channels i32) (param $kernel i32) (param $taps i32)
    (local $end i32) (local $r i32) (local $before i32) (local $after i32)
    ${locals(['tap', 'low', 'high', 'a', 'b'], 'v128')}
    (local.set $end (i32.add ${get('from')} ${get('length')}))
    (block $done (loop $values
      (br_if $done (i32.ge_u ${get('from')} ${get('end')}))
      (local.set $tap (v128.load16_splat ${get('kernel')}))
      (local.set $a (v128.load ${get('from')}))
      (local.set $low (i16x8.mul ${get('tap')} (i16x8.extend_low_i8x16_u ${get('a')})))
      (local.set $high (i16x8.mul ${get('tap')} (i16x8.extend_high_i8x16_u ${get('a')})))
      (local.set $r (i32.const 1))
      (local.set $before ${get('from')})
      (local.set $after ${get('from')})
      (block $summed (loop $taps
        (br_if $summed (i32.ge_u ${get('r')} ${get('taps')}))
        (local.set $before (i32.sub ${get('before')} ${get('channels')}))
        (local.set $after (i32.add ${get('after')} ${get('channels')}))
        (local.set $tap (v128.load16_splat
          (i32.add ${get('kernel')} (i32.shl ${get('r')} (i32.const 1)))))
        (local.set $a (v128.load ${get('before')}))
        (local.set $b (v128.load ${get('after')}))
        (local.set $low (i16x8.add ${get('low')} (i16x8.mul ${get('tap')}
          (i16x8.add (i16x8.extend_low_i8x16_u ${get('a')}) (i16x8.extend_low_i8x16_u ${get('b')})))))
        (local.set $high (i16x8.add ${get('high')} (i16x8.mul ${get('tap')}
          (i16x8.add (i16x8.extend_high_i8x16_u ${get('a')}) (i16x8.extend_high_i8x16_u ${get('b')})))))
        ${advance('r', 1)}
        (br $taps)))
      (v128.store ${get('to')} ${get('low')})
      (v128.store offset=16 ${get('to')} ${get('high')})
      ${advance('from', 16)}
      ${advance('to', 32)}
      (br $values))))`;

/** Sums of one line's eight values times `tap`, 32 bits each. */
const addLine = (line) => `
        (local.set $a (v128.load (i32.add (i32.load ${line}) ${get('at')})))
        (local.set $low (i32x4.add ${get('low')} (i32x4.extmul_low_i16x8_u ${get('a')} ${get('tap')})))
        (local.set $high (i32x4.add ${get('high')} (i32x4.extmul_high_i16x8_u ${get('a')} ${get('tap')})))`;

/**
 * Rows of 16-bit sums smoothed along y into bytes, 8 values a step; `lines` holds the
 * addresses of 2 · taps − 1 rows from above to below.
 */
const smoothColumns = `
  (func (export "smoothColumns") (param $lines i32) (param $to i32) (param $length i32)
      (param $kernel i32) (param $taps i32)
    (local $at i32) (local $end i32) (local $r i32) (local $above i32) (local $below i32)
    ${locals(['tap', 'low', 'high', 'a'], 'v128')}
    (local.set $lines (i32.add ${get('lines')}
      (i32.shl (i32.sub ${get('taps')} (i32.const 1)) (i32.const 2))))
    (local.set $end (i32.shl ${get('length')} (i32.const 1)))
    (block $done (loop $values
      (br_if $done (i32.ge_u ${get('at')} ${get('end')}))
      (local.set $low (i32x4.splat (i32.const 32768)))
      (local.set $high ${get('low')})
      (local.set $tap (v128.load16_splat ${get('kernel')}))
      ${addLine(get('lines'))}
      (local.set $r (i32.const 1))
      (local.set $above ${get('lines')})
      (local.set $below ${get('lines')})
      (block $summed (loop $taps
        (br_if $summed (i32.ge_u ${get('r')} ${get('taps')}))
        (local.set $above (i32.sub ${get('above')} (i32.const 4)))
        (local.set $below (i32.add ${get('below')} (i32.const 4)))
        (local.set $tap (v128.load16_splat
          (i32.add ${get('kernel')} (i32.shl ${get('r')} (i32.const 1)))))
        ${addLine(get('above'))}
        ${addLine(get('below'))}
        ${advance('r', 1)}
        (br $taps)))
      (local.set $low (i16x8.narrow_i32x4_u
        (i32x4.shr_u ${get('low')} (i32.const 16)) (i32x4.shr_u ${get('high')} (i32.const 16))))
      (v128.store64_lane 0 ${get('to')} (i8x16.narrow_i16x8_u ${get('low')} ${get('low')}))
      ${advance('at', 16)}
      ${advance('to', 8)}
      (br $values))))`;

/** Byte indices of channel `c` of 16 pixels among the 32 first or the 16 last of 48 bytes. */
const gather = (c) => {
  const places = Array.from({ length: 16 }, (_, i) => 3 * i + c);
  const first = places.map((place) => (place < 32 ? place : 0));
  const all = places.map((place, i) => (place < 32 ? i : place - 16));
  return `(i8x16.shuffle ${all.join(' ')}
          (i8x16.shuffle ${first.join(' ')} ${get('a')} ${get('b')}) ${get('c')})`;
};

/** `length` pixels of three interleaved channels into planes `pitch` bytes apart, 16 a step. */
const splitChannels = `
  (func (export "splitChannels") (param $from i32) (param $to i32) (param $length i32)
      (param $pitch i32)
    (local $end i32) ${locals(['a', 'b', 'c'], 'v128')}
    (local.set $end (i32.add ${get('to')} ${get('length')}))
    (block $done (loop $pixels
      (br_if $done (i32.ge_u ${get('to')} ${get('end')}))
      (local.set $a (v128.load ${get('from')}))
      (local.set $b (v128.load offset=16 ${get('from')}))
      (local.set $c (v128.load offset=32 ${get('from')}))
      (v128.store ${get('to')} ${gather(0)})
      (v128.store (i32.add ${get('to')} ${get('pitch')}) ${gather(1)})
      (v128.store (i32.add ${get('to')} (i32.shl ${get('pitch')} (i32.const 1))) ${gather(2)})
      ${advance('from', 48)}
      ${advance('to', 16)}
      (br $pixels))))`;

const channels = ['u', 'v', 'w'];
/** Eight distances: rounded 4 √(u² + v² + w²), as 16 bits. */
const distance = () => {
  const half = (which, indices) => `
        (local.set $pair (i8x16.shuffle ${indices} ${get('u')} ${get('v')}))
        (local.set $${which} (f32x4.sqrt (f32x4.convert_i32x4_s (i32x4.shl
          (i32x4.add (i32x4.dot_i16x8_s ${get('pair')} ${get('pair')})
            (i32x4.extmul_${which}_i16x8_s ${get('w')} ${get('w')}))
          (i32.const 4)))))
        ;; Adding 1.5 · 2^23 rounds to a whole number, which the low bits then hold.
        (local.set $${which} (i32x4.sub (f32x4.add ${get(which)} (f32x4.splat (f32.const 12582912)))
          (i32x4.splat (i32.const 0x4b400000))))`;
  return `
      ${half('low', '0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23')}
      ${half('high', '8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31')}
      (i16x8.narrow_i32x4_u ${get('low')} ${get('high')})`;
};

/** Differences of the upper row's pixels from those `offset` further in row `other`. */
const differences = (other, offset) =>
  lines(
    3,
    (c) =>
      `(local.set $${channels[c]} (i16x8.sub ${get(`a${c}`)}
        (v128.load8x8_u ${offset < 0 ? `(i32.sub ${get(`${other}${c}`)} (i32.const ${-offset}))` : `offset=${offset} ${get(`${other}${c}`)}`})))`,
  );

const directions = [
  ['right', 'p', 1],
  ['down', 'q', 0],
  ['downRight', 'q', 1],
  ['downLeft', 'q', -1],
];

/** Two vectors of eight interleaved, 16 bits each: the first or the second half. */
const interleave = (a, b, half, bytes) => {
  const indices = [];
  for (let i = 0; i < 8 / bytes; i++) {
    const first = 8 * half + i * bytes;
    for (let byte = 0; byte < bytes; byte++) indices.push(first + byte);
    for (let byte = 0; byte < bytes; byte++) indices.push(16 + first + byte);
  }
  return `(i8x16.shuffle ${indices.join(' ')} ${get(a)} ${get(b)})`;
};

/**
 * Distances of a row's pixels to the right, down, down-right and down-left, four a
 * pixel in this order, 16 bits each, 8 pixels a step. `upper` and `lower` are the first
 * planes of the two rows, and one pixel before and seven after a row may be read.
 */
const rowDistances = `
  (func (export "rowDistances") (param $upper i32) (param $lower i32) (param $pitch i32)
      (param $to i32) (param $length i32)
    (local $end i32)
    ${locals(['p0', 'p1', 'p2', 'q0', 'q1', 'q2'], 'i32')}
    ${locals(['a0', 'a1', 'a2', 'u', 'v', 'w', 'pair', 'low', 'high'], 'v128')}
    ${locals(['right', 'down', 'downRight', 'downLeft', 'across', 'diagonal'], 'v128')}
    (local.set $p0 ${get('upper')})
    (local.set $q0 ${get('lower')})
    ${lines(
      2,
      (i) => `(local.set $p${i + 1} (i32.add ${get(`p${i}`)} ${get('pitch')}))
    (local.set $q${i + 1} (i32.add ${get(`q${i}`)} ${get('pitch')}))`,
    )}
    (local.set $end (i32.add ${get('p0')} ${get('length')}))
    (block $done (loop $pixels
      (br_if $done (i32.ge_u ${get('p0')} ${get('end')}))
      ${lines(3, (c) => `(local.set $a${c} (v128.load8x8_u ${get(`p${c}`)}))`)}
      ${directions
        .map(
          ([name, other, offset]) => `${differences(other, offset)}
      ${distance().replace('(i16x8.narrow', `(local.set $${name} (i16x8.narrow`)})`,
        )
        .join('\n')}
      ${lines(
        2,
        (half) => `
      (local.set $across ${interleave('right', 'down', half, 2)})
      (local.set $diagonal ${interleave('downRight', 'downLeft', half, 2)})
      (v128.store offset=${32 * half} ${get('to')} ${interleave('across', 'diagonal', 0, 4)})
      (v128.store offset=${32 * half + 16} ${get('to')} ${interleave('across', 'diagonal', 1, 4)})`,
      )}
      ${lines(3, (c) => `${advance(`p${c}`, 8)} ${advance(`q${c}`, 8)}`)}
      ${advance('to', 64)}
      (br $pixels))))`;

/** Sum of a vector's four numbers. */
const sumOfLanes = (vector) =>
  range(4)
    .map((lane) => `(i32x4.extract_lane ${lane} ${get(vector)})`)
    .reduce((sum, lane) => `(i32.add ${sum} ${lane})`);

/** Sum of the smaller of two rows' numbers, 16 bits each; `bytes` is a multiple of 16. */
const commonArea = `
  (func (export "commonArea") (param $a i32) (param $b i32) (param $bytes i32) (result i32)
    (local $end i32) (local $sum v128)
    (local.set $end (i32.add ${get('a')} ${get('bytes')}))
    (block $done (loop $values
      (br_if $done (i32.ge_u ${get('a')} ${get('end')}))
      (local.set $sum (i32x4.add ${get('sum')} (i32x4.extadd_pairwise_i16x8_u
        (i16x8.min_u (v128.load ${get('a')}) (v128.load ${get('b')})))))
      ${advance('a', 16)}
      ${advance('b', 16)}
      (br $values)))
    ${sumOfLanes('sum')})`;

/** Four numbers of 32 bits blended, and what is compared of them. */
const blendFour = (half) => {
  const offset = 16 * half;
  return `
      (local.set $y (v128.load offset=${offset} ${get('b')}))
      (local.set $x (i32x4.trunc_sat_f32x4_s (f32x4.add (f32x4.convert_i32x4_s ${get('y')})
        (f32x4.mul ${get('shares')} (f32x4.convert_i32x4_s
          (i32x4.sub (v128.load offset=${offset} ${get('a')}) ${get('y')}))))))
      (v128.store offset=${offset} ${get('a')} ${get('x')})
      (local.set $value${half} (i32x4.trunc_sat_f32x4_s (f32x4.add (f32x4.splat (f32.const 0.5))
        (f32x4.mul ${get('factors')} (f32x4.convert_i32x4_s ${get('x')})))))`;
};

/**
 * Numbers at `a`, 32 bits each, become `share` of themselves and the rest of those at
 * `b`; those at `to`, 16 bits each, become `factor` times that, rounded. Gives the sum of
 * what the latter have grown by where they have. `bytes`, of the former, is a multiple of 32.
 */
const blendRow = `
  (func (export "blendRow") (param $a i32) (param $b i32) (param $to i32) (param $bytes i32)
      (param $share f32) (param $factor f32) (result i32)
    (local $end i32)
    ${locals(['shares', 'factors', 'x', 'y', 'value0', 'value1', 'gain'], 'v128')}
    (local.set $shares (f32x4.splat ${get('share')}))
    (local.set $factors (f32x4.splat ${get('factor')}))
    (local.set $end (i32.add ${get('a')} ${get('bytes')}))
    (block $done (loop $values
      (br_if $done (i32.ge_u ${get('a')} ${get('end')}))
      ${lines(2, blendFour)}
      (local.set $value0 (i16x8.narrow_i32x4_u ${get('value0')} ${get('value1')}))
      (local.set $gain (i32x4.add ${get('gain')} (i32x4.extadd_pairwise_i16x8_u
        (i16x8.sub_sat_u ${get('value0')} (v128.load ${get('to')})))))
      (v128.store ${get('to')} ${get('value0')})
      ${advance('a', 32)}
      ${advance('b', 32)}
      ${advance('to', 16)}
      (br $values)))
    ${sumOfLanes('gain')})`;

export const pixelKernels = [
  smoothRow,
  smoothColumns,
  splitChannels,
  rowDistances,
  commonArea,
  blendRow,
].join('\n');
