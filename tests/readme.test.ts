import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { EXIT_CODES } from '../src/errors.js';
import { createProgram } from '../src/program.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** Options of a command and of those below it. */
function flags(command: Command): string[] {
  return [
    ...command.options.map(({ long }) => long!),
    ...command.commands.flatMap((child) => flags(child)),
  ];
}

/** The README's part about a command, from its heading to the next. */
function section(name: string): string {
  const start = readme.indexOf(`### \`rcnn ${name}`);
  expect(start, `a heading for rcnn ${name}`).toBeGreaterThan(0);
  return readme.slice(start, readme.indexOf('\n### ', start + 1));
}

const program = await createProgram();

it.each(program.commands.map((command) => [command.name(), command] as const))(
  'says of "rcnn %s" every option that it has, and no other',
  (name, command) => {
    const text = section(name);
    const known = flags(command);
    // A flag ends at a space, a comma or a backtick: --nms is not --nms-iou.
    for (const flag of known) expect(text).toMatch(new RegExp(`${flag}[ ,\`]`));
    for (const [flag] of text.matchAll(/--[a-z][a-z-]*/g))
      expect(known).toContain(flag);
  },
);

it('has no figure left to fill in', () => {
  expect(readme).not.toMatch(/PROTOCOLS|FIGURES|TODO/);
});

it('lists every exit code', () => {
  for (const code of Object.values(EXIT_CODES))
    expect(readme).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
});
