import type { MatchGroup, MatchRules, Verdicts } from '../core/accumulate.js';
import { accumulate } from '../core/accumulate.js';
import {
  allPointAveragePrecision,
  interpolatedAveragePrecision,
  meanOf,
} from '../core/precisionRecall.js';
import type { DetectionTable } from '../dataset/detectionTable.js';
import type { GroundTruthTable } from '../dataset/groundTruthTable.js';
import type { DetectionsInput, GroundTruthInput, InputOptions } from '../evaluate.js';
import { tabulateInput } from '../evaluate.js';
import { EvaluationError } from '../errors.js';
import { cocoIouThresholds, cocoRecallThresholds } from '../protocols/coco.js';
import { ilsvrcThreshold } from '../protocols/ilsvrc.js';
import { vocRecallThresholds } from '../protocols/voc.js';

/** The rules in which the protocols differ. */
export interface ProtocolRules {
  /** IoU thresholds, or ILSVRC's, which depend on the object's size. */
  thresholds: 'coco' | 'half' | 'by size';
  /** How precision is interpolated. */
  interpolation: '101 recalls' | '11 recalls' | 'all points';
  /**
   * Whether a detection takes the best object that is still free, or is compared with
   * the best one only and is wrong if that is taken.
   */
  matching: 'best free' | 'best';
  /** What need not be found: crowds, by the part inside; difficult objects; nothing. */
  exceptions: 'crowd' | 'difficult' | 'none';
  /** Detections of one class in one photo that count. */
  limit: number;
  /** What equal scores are ordered by. */
  ties: 'image' | 'input';
}

/** The protocols that differ in these rules alone. */
export type VersusProtocol = 'coco' | 'voc2007' | 'voc2010' | 'ilsvrc';

const voc: ProtocolRules = {
  thresholds: 'half',
  interpolation: 'all points',
  matching: 'best',
  exceptions: 'difficult',
  limit: Infinity,
  ties: 'input',
};

/** The rules of each protocol. */
export const protocolRules: Readonly<Record<VersusProtocol, ProtocolRules>> = {
  coco: {
    thresholds: 'coco',
    interpolation: '101 recalls',
    matching: 'best free',
    exceptions: 'crowd',
    limit: 100,
    ties: 'image',
  },
  voc2007: { ...voc, interpolation: '11 recalls' },
  voc2010: voc,
  ilsvrc: {
    ...voc,
    thresholds: 'by size',
    matching: 'best free',
    exceptions: 'none',
    ties: 'image',
  },
};

/** What part of a difference one rule makes. */
export interface RulePart {
  rule: keyof ProtocolRules;
  from: string | number;
  to: string | number;
  /** Its part; all parts add up to the difference. */
  part: number;
}

/** The same detections under two protocols. */
export interface Versus {
  from: { protocol: VersusProtocol; value: number | null };
  to: { protocol: VersusProtocol; value: number | null };
  /** `to` minus `from`; `null` when either has no ground truth. */
  difference: number | null;
  /** The rules that differ, largest part first. */
  parts: RulePart[];
  /**
   * What a tool would add to `to` that measures boxes which are half-open already with
   * "+1", as if they included their last pixel: the commonest mistake.
   */
  plusOne: number | null;
}

/**
 * Explains why the same detections have another (m)AP under another protocol, rule by
 * rule. The part of a rule is its Shapley value: what changing it brings, averaged over
 * all orders in which the rules could be changed. So no order is preferred, and the
 * parts add up to the whole.
 *
 * @throws EvaluationError as `evaluate` does, and for another protocol
 */
export function versus(
  groundTruth: GroundTruthInput,
  detections: DetectionsInput,
  from: VersusProtocol,
  to: VersusProtocol,
  options: InputOptions = {},
): Versus {
  for (const protocol of [from, to]) {
    if (!Object.hasOwn(protocolRules, protocol)) {
      throw new EvaluationError(
        'INVALID_OPTION',
        `no protocol to compare is called ${JSON.stringify(protocol)}; there are ${Object.keys(protocolRules).join(', ')}`,
        undefined,
        'protocol',
      );
    }
  }
  const tables = tabulateInput(groundTruth, detections, options);
  const { groundTruth: truths, detections: found } = tables;
  const a = protocolRules[from];
  const b = protocolRules[to];
  const rules = (Object.keys(a) as (keyof ProtocolRules)[]).filter(
    (rule) => a[rule] !== b[rule],
  );
  /** By bits of the rules that are those of `to`. */
  const values = Array.from({ length: 2 ** rules.length }, (_, changed) => {
    const mixed = { ...a };
    rules.forEach((rule, i) => {
      if ((changed >> i) & 1) Object.assign(mixed, { [rule]: b[rule] });
    });
    return evaluateByRules(truths, found, mixed);
  });
  const start = values[0];
  const end = values[values.length - 1];
  const factorials = [1];
  for (let n = 1; n <= rules.length; n++) factorials.push(n * factorials[n - 1]);
  const parts = rules.map((rule, i): RulePart => {
    let part = 0;
    for (let changed = 0; changed < values.length; changed++) {
      if ((changed >> i) & 1) continue;
      const before = bitCount(changed);
      const weight =
        (factorials[before] * factorials[rules.length - 1 - before]) /
        factorials[rules.length];
      part += weight * ((values[changed | (1 << i)] ?? 0) - (values[changed] ?? 0));
    }
    return { rule, from: a[rule], to: b[rule], part };
  });
  const grown = evaluateByRules(grow(truths), grow(found), b);
  return {
    from: { protocol: from, value: start },
    to: { protocol: to, value: end },
    difference: start === null || end === null ? null : end - start,
    parts: parts.sort((x, y) => Math.abs(y.part) - Math.abs(x.part)),
    plusOne: grown === null || end === null ? null : grown - end,
  };
}

/** Mean AP over the classes by any mixture of rules; `null` without ground truth. */
export function evaluateByRules(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  rules: ProtocolRules,
): number | null {
  const thresholds = rules.thresholds === 'coco' ? cocoIouThresholds : [0.5];
  const recalls =
    rules.interpolation === '11 recalls' ? vocRecallThresholds : cocoRecallThresholds;
  const precisions: (number | null)[] = [];
  accumulate(
    groundTruth,
    detections,
    mixedRules(groundTruth, rules, thresholds),
    (curve) => {
      precisions.push(
        rules.interpolation === 'all points'
          ? allPointAveragePrecision(curve.totals, curve.positives)
          : interpolatedAveragePrecision(curve.totals, curve.positives, recalls),
      );
    },
  );
  return meanOf(precisions);
}

function mixedRules(
  groundTruth: GroundTruthTable,
  rules: ProtocolRules,
  thresholds: readonly number[],
): MatchRules {
  const { crowd, difficult, boxes } = groundTruth;
  const isCrowd = rules.exceptions === 'crowd';
  const excepted = isCrowd
    ? crowd
    : rules.exceptions === 'difficult'
      ? difficult
      : null;
  const isExcepted = (row: number) => excepted !== null && excepted[row] === 1;
  const leastOf = (row: number, t: number) =>
    rules.thresholds === 'by size'
      ? ilsvrcThreshold(boxes[4 * row + 2], boxes[4 * row + 3])
      : thresholds[t];

  const match = (
    group: MatchGroup,
    _slice: number,
    firstThreshold: number,
    thresholdCount: number,
    { found, neither }: Verdicts,
    at: number,
  ): void => {
    const m = group.groundTruthCount;
    const rows = group.groundTruths.subarray(
      group.groundTruthStart,
      group.groundTruthStart + m,
    );
    const taken = new Uint32Array(m);
    for (let d = 0; d < group.detectionCount; d++) {
      let trueBits = 0;
      let neitherBits = 0;
      for (let t = 0; t < thresholdCount; t++) {
        const bit = 1 << t;
        const chosen =
          rules.matching === 'best'
            ? chooseBest(group, d, rows, firstThreshold + t)
            : chooseFree(group, d, rows, firstThreshold + t, taken, bit);
        if (chosen < 0) continue;
        if (isExcepted(rows[chosen])) neitherBits |= bit;
        else if ((taken[chosen] & bit) === 0) trueBits |= bit;
        taken[chosen] |= bit;
      }
      found[at + d] = trueBits;
      neither[at + d] = neitherBits;
    }
  };

  /** The object of most overlap, of equal ones the first, if it is enough. */
  const chooseBest = (
    group: MatchGroup,
    d: number,
    rows: Int32Array,
    t: number,
  ): number => {
    let best = 0;
    let chosen = -1;
    for (let g = 0; g < rows.length; g++) {
      const overlap = group.overlaps[d * rows.length + g];
      if (overlap > best) {
        best = overlap;
        chosen = g;
      }
    }
    return chosen >= 0 && best >= leastOf(rows[chosen], t) ? chosen : -1;
  };

  /** Of the free objects that are overlapped enough that of most overlap, excepted ones last. */
  const chooseFree = (
    group: MatchGroup,
    d: number,
    rows: Int32Array,
    t: number,
    taken: Uint32Array,
    bit: number,
  ): number => {
    let chosen = -1;
    for (const exceptions of [false, true]) {
      let best = 0;
      for (let g = 0; g < rows.length; g++) {
        if (isExcepted(rows[g]) !== exceptions) continue;
        if ((taken[g] & bit) !== 0 && !(exceptions && isCrowd)) continue;
        const overlap = group.overlaps[d * rows.length + g];
        // Of equal overlaps COCO takes the last, ILSVRC the first.
        const isBetter =
          rules.thresholds === 'by size' ? overlap > best : overlap >= best;
        if (overlap > 0 && isBetter && overlap >= leastOf(rows[g], t)) {
          best = overlap;
          chosen = g;
        }
      }
      if (chosen >= 0) break;
    }
    return chosen;
  };

  return {
    thresholds: thresholds.length,
    slices: 1,
    maxDetections: rules.limit,
    ties: rules.ties,
    regions: isCrowd ? crowd : null,
    isPositive: (row) => !isExcepted(row),
    judgeUnmatched: (_rows, _start, count, _slice, _thresholds, verdicts, at) => {
      verdicts.found.fill(0, at, at + count);
      verdicts.neither.fill(0, at, at + count);
    },
    match,
  };
}

/** Boxes one pixel wider and higher. */
function grow<T extends { boxes: Float64Array }>(table: T): T {
  return {
    ...table,
    boxes: table.boxes.map((value, i) => (i % 4 > 1 ? value + 1 : value)),
  };
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
