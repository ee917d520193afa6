/** docs/errors.md has a section for every class of errors that lanegrad throws, and for no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');

/** Exported classes that extend an error, by name. */
function classes(): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return sources
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(root, 'src', name), 'utf8').matchAll(/^export class (\w+) extends \w*Error\b/gm),
    ])
    .map(([, name]) => name);
}

test('each has a section', () => {
  const found = classes();
  expect(found).toContain('NonFiniteError');
  const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(sections.toSorted()).toEqual(found.toSorted());
});

test('each section says more than a line', () => {
  const short = page.split(/^## /m).filter((section) => section.length < 120);
  expect(short).toEqual([]);
});
