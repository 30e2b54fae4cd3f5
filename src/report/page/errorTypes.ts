import type { ErrorType } from '../../../eval/index.js';

/** Names and meanings of the types of error, for readers. */
export const ERROR_TYPES: Readonly<
  Record<ErrorType, { name: string; meaning: string }>
> = {
  classification: {
    name: 'Wrong class',
    meaning: 'on an object, but of another class',
  },
  localization: {
    name: 'Badly placed',
    meaning: 'the right class, too little overlap',
  },
  both: { name: 'Both', meaning: 'a wrong class and badly placed' },
  duplicate: { name: 'Duplicate', meaning: 'an object that a better detection has' },
  background: { name: 'Background', meaning: 'where no object is' },
  missed: { name: 'Missed', meaning: 'an object that nothing found' },
};
