import type { ColourSpace } from './convertColour.js';
import type { SimilarityWeights } from './groupRegions.js';

/** One part of a selective search: every combination of its lists is a run. */
export interface SearchStrategy {
  colourSpaces: readonly ColourSpace[];
  /** Felzenszwalb's k of the initial superpixels. */
  k: readonly number[];
  similarities: readonly SimilarityWeights[];
}

/** Equal weights for the measures named: C colour, T texture, S size, F fill. */
export function similarity(measures: string): SimilarityWeights {
  return {
    colour: measures.includes('C') ? 1 : 0,
    texture: measures.includes('T') ? 1 : 0,
    size: measures.includes('S') ? 1 : 0,
    fill: measures.includes('F') ? 1 : 0,
  };
}

/** The published modes (Uijlings et al. 2013, table 6): 1, 8 and 80 runs. */
export const publishedStrategies = {
  single: [{ colourSpaces: ['hsv'], k: [100], similarities: [similarity('CTSF')] }],
  fast: [
    {
      colourSpaces: ['hsv', 'lab'],
      k: [50, 100],
      similarities: [similarity('CTSF'), similarity('TSF')],
    },
  ],
  quality: [
    {
      colourSpaces: ['hsv', 'lab', 'rgI', 'h', 'grey'],
      k: [50, 100, 150, 300],
      similarities: [
        similarity('CTSF'),
        similarity('TSF'),
        similarity('F'),
        similarity('S'),
      ],
    },
  ],
} satisfies Record<string, SearchStrategy[]>;
