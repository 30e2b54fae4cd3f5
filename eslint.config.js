import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** A room may import itself, `geometry`, and what is named; never the rooms above it. */
const boundary = (room, forbidden, message) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: forbidden, message: `${room}/ ${message}` }] },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'out/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js'] } },
    },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: globals.node,
    },
  },
  boundary('geometry', '^(?!\\./)', 'is the bottom of the house: it imports nothing.'),
  boundary(
    'proposals',
    '^(?!\\./|\\.\\./(\\.\\./)?geometry/|\\.\\./[a-zA-Z]+\\.js$)',
    'takes pixels and gives boxes: it imports geometry only, no package, no node: module.',
  ),
  boundary('detectors', '(^|/)(src|eval)/', 'must not import src or eval.'),
  boundary(
    'eval',
    '(^|/)(src|detectors|proposals)/|^(sharp|onnxruntime|@tensorflow)',
    'knows no images, no tensors and no files: it imports geometry only.',
  ),
);
