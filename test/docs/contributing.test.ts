/** CONTRIBUTING.md says of every dependency why it is there, and of none that is gone. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

test('every dependency has its reason', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
  const [, chapter] = /^## Dependencies$(.*?)^## /ms.exec(read('CONTRIBUTING.md'))!;
  const listed = [...chapter.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| .{5,} \|$/gm)].flatMap(([, names]) =>
    names.replaceAll('`', '').split(', '),
  );
  expect(listed.toSorted()).toEqual(
    [...Object.keys(dependencies), ...Object.keys(devDependencies)].toSorted(),
  );
});
