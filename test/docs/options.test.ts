/**
 * The page of the guide that lists the options of `lanegrad train`, written from their tables: `npx vitest
 * -u` writes it anew.
 */
import { expect, test } from 'vitest';
import { flagOf, type Setting, type SettingsTable } from '../../src/base/settings.js';
import { trainTable } from '../../src/cli/train-options.js';
import { runOptions } from '../../src/run/options.js';
import { tableOptions } from '../../src/tables/options.js';

const HEAD = `# The options of \`lanegrad train\`

This page is written from the tables in the source (\`src/run/options.ts\`, \`src/tables/options.ts\`,
\`src/cli/train-options.ts\`) by a test.

A loss, an optimizer or a schedule takes options of its own after a colon, with commas between them and slashes
between several numbers of one: \`--loss huber:delta=2\`, \`--optimizer adam:betas=0.9/0.98,eps=1e-6\`,
\`--schedule cosine:minimum=1e-5\`. They are those of the functions of the same names in the library, and are
checked by them.

Options with a name in config.json are kept in the run folder, under \`settings\`, those of tables under
\`settings.table\`; a run that goes on (\`--resume\`) reads them there. What is said of early stopping and
checkpoints is kept there too, as \`earlyStopping\` and \`checkpoint\`.
`;

const keyOf = (key: string) => {
  if (Object.hasOwn(runOptions, key)) return `\`${key}\``;
  return Object.hasOwn(tableOptions, key) ? `\`table.${key}\`` : '';
};

const cell = (text: string) => text.replaceAll('|', '\\|');

function flagsOf(key: string, { kind, fallback, negated }: Setting): string {
  const flag = flagOf(key);
  if (kind.placeholder !== undefined) return `\`${flag} ${kind.placeholder}\``;
  const negative = flag.replace(/^--/, '--no-');
  if (fallback === true) return `\`${negative}\``;
  return negated === undefined ? `\`${flag}\`` : `\`${flag}\`, \`${negative}\``;
}

function row([key, setting]: [string, Setting]): string {
  const { kind, about, otherwise, fallback, words = [] } = setting;
  const isSwitch = kind.placeholder === undefined;
  const unsaid = otherwise ?? (fallback === undefined || isSwitch ? '' : String(fallback));
  const values = isSwitch ? '' : [kind.expected, ...words].join(', or ');
  return `| ${[flagsOf(key, setting), about, values, unsaid].map(cell).join(' | ')} | ${keyOf(key)} |`;
}

function page(table: SettingsTable): string {
  const entries = Object.entries<Setting>(table);
  const groups = [...new Set(entries.map(([, { group }]) => group))];
  const sections = groups.map((group) => {
    const rows = entries.filter(([, own]) => own.group === group).map(row);
    return [
      `## ${group.replace(/:$/, '')}`,
      '',
      '| flag | what for | values | when nothing is said | in config.json |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n');
  });
  return [HEAD, ...sections].join('\n');
}

test('the page is that of the tables', async () => {
  await expect(page(trainTable)).toMatchFileSnapshot('../../docs/guide/options.md');
});
