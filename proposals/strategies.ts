import type { ColourSpace } from './convertColour.js';
import { colourSpaces } from './convertColour.js';
import { checkNumber, ProposalError } from './errors.js';
import type { SimilarityWeights } from './groupRegions.js';

/** One part of a selective search: every combination of its lists is a run. */
export interface SearchStrategy {
  colourSpaces: readonly ColourSpace[];
  /** Felzenszwalb's k of the initial superpixels. */
  k: readonly number[];
  /**
   * Similarities to group by: the letters of the paper (C colour, T texture,
   * S size, F fill, equal weights, as in `'CTSF'`), or a weight for each.
   */
  similarities: readonly (string | Partial<SimilarityWeights>)[];
}

/** Ways to search. */
export type SearchMode = 'single' | 'fast' | 'quality' | 'googlenet' | 'custom';

/** What a mode does unless options say otherwise. */
export interface SearchPlan {
  strategies: readonly SearchStrategy[];
  /** Superpixels smaller than this are merged, pixels. */
  minSize: number;
}

const fast: readonly SearchStrategy[] = [
  { colourSpaces: ['hsv', 'lab'], k: [50, 100], similarities: ['CTSF', 'TSF'] },
];

/**
 * The modes' plans: Uijlings et al. 2013, table 6, with 1, 8 and 80 runs; and
 * GoogLeNet's (Szegedy et al. 2015, section 8), `fast` with superpixels of twice
 * the size, which halves the boxes.
 */
export const searchPlans: Record<Exclude<SearchMode, 'custom'>, SearchPlan> = {
  single: {
    strategies: [{ colourSpaces: ['hsv'], k: [100], similarities: ['CTSF'] }],
    minSize: 100,
  },
  fast: { strategies: fast, minSize: 50 },
  quality: {
    strategies: [
      {
        colourSpaces: ['hsv', 'lab', 'rgI', 'h', 'grey'],
        k: [50, 100, 150, 300],
        similarities: ['CTSF', 'TSF', 'F', 'S'],
      },
    ],
    minSize: 70,
  },
  googlenet: {
    strategies: fast.map((part) => ({ ...part, k: part.k.map((k) => 2 * k) })),
    minSize: 100,
  },
};

/** Weights of a similarity given as letters or as a part of the weights. */
export function similarityWeights(
  similarity: string | Partial<SimilarityWeights>,
): SimilarityWeights {
  if (typeof similarity === 'string') {
    if (!/^[CTSF]+$/.test(similarity)) {
      throw new ProposalError(
        'INVALID_OPTION',
        `similarity '${similarity}' must be made of the letters C (colour), T (texture), S (size) and F (fill)`,
        'strategies',
      );
    }
    const weight = (letter: string): number => (similarity.includes(letter) ? 1 : 0);
    return {
      colour: weight('C'),
      texture: weight('T'),
      size: weight('S'),
      fill: weight('F'),
    };
  }
  const { colour = 0, texture = 0, size = 0, fill = 0 } = similarity;
  const weights = { colour, texture, size, fill };
  for (const [name, value] of Object.entries(weights)) {
    checkNumber(`similarity.${name}`, value, 0);
  }
  if (!(colour + texture + size + fill > 0)) {
    throw new ProposalError(
      'INVALID_OPTION',
      'a similarity needs a weight above 0 for colour, texture, size or fill',
      'strategies',
    );
  }
  return weights;
}

/** @throws ProposalError INVALID_OPTION */
export function checkStrategies(strategies: readonly SearchStrategy[]): void {
  if (strategies.length === 0) {
    throw new ProposalError(
      'INVALID_OPTION',
      "mode 'custom' needs at least one strategy in `strategies`",
      'strategies',
    );
  }
  for (const { colourSpaces: spaces, k, similarities } of strategies) {
    if (!(spaces?.length && k?.length && similarities?.length)) {
      throw new ProposalError(
        'INVALID_OPTION',
        'each strategy needs at least one colour space, one k and one similarity',
        'strategies',
      );
    }
    for (const space of spaces) {
      if (!colourSpaces.includes(space)) {
        throw new ProposalError(
          'INVALID_OPTION',
          `colour space '${String(space)}' is not one of ${colourSpaces.join(', ')}`,
          'strategies',
        );
      }
    }
    for (const value of k) checkNumber('k', value, 0);
    similarities.forEach(similarityWeights);
  }
}
