/** The page of all commands, written from the tables of their options: `npx vitest -u` writes it anew. */
import type { Command, Option } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from './program.js';

const HEAD = `# Command line

This page is written from the commands themselves (\`src/cli\`) by a test. \`npx lanegrad <command> --help\` says
the same in a terminal.

With \`--json\` the last line of standard output is one object, and all else goes to standard error. Exit status: 0
done, 1 failed, 2 bad usage, 128 + n stopped by signal n. Errors are one line; [Errors](errors.md) says what
each kind means.
`;

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function optionRow({ flags, description, defaultValue, argChoices }: Option): string {
  const parts = [
    description,
    ...(argChoices ? [`one of ${argChoices.map((choice) => `\`${choice}\``).join(', ')}`] : []),
    ...(defaultValue === undefined || defaultValue === false ? [] : [`default: ${String(defaultValue)}`]),
  ];
  return `| \`${cell(flags)}\` | ${cell(parts.join('; '))} |`;
}

/** What a command prints after its options: its examples. */
function after(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const examples = help.indexOf('\nExamples:');
  return examples < 0 ? '' : help.slice(examples + '\nExamples:'.length).replace(/^\n+|\s+$/g, '');
}

function section(command: Command, path: string, level: string): string[] {
  const usage = `${path} ${command.usage()}`.trim();
  const shown = command.options.filter(({ hidden }) => !hidden);
  const groups = [...new Set(shown.map(({ helpGroupHeading }) => helpGroupHeading ?? 'Options:'))];
  const given = command.registeredArguments;
  const end = after(command);
  const blank = end.indexOf('\n\n');
  return [
    `${level} ${path}`,
    '',
    `\`${usage}\``,
    '',
    command.description(),
    '',
    ...(given.length
      ? [
          '| argument | |',
          '|---|---|',
          ...given.map((own) => `| \`${own.name()}\` | ${cell(own.description)} |`),
          '',
        ]
      : []),
    ...groups.flatMap((group) => [
      `**${group.replace(/:$/, '')}**`,
      '',
      '| flag | |',
      '|---|---|',
      ...shown.filter(({ helpGroupHeading }) => (helpGroupHeading ?? 'Options:') === group).map(optionRow),
      '',
    ]),
    ...(end
      ? [
          '```sh',
          ...(blank < 0 ? end : end.slice(0, blank))
            .split('\n')
            .map((line) => line.trim().replace(/ {2,}(?=\S)(.*)$/, '   # $1')),
          '```',
          '',
        ]
      : []),
    ...(blank < 0 ? [] : [end.slice(blank + 2), '']),
    ...command.commands.flatMap((own) => section(own, `${path} ${own.name()}`, `${level}#`)),
  ];
}

test('the page is that of the commands', async () => {
  const program = await createProgram();
  expect(program.commands.length).toBeGreaterThanOrEqual(10);
  const sections = program.commands.flatMap((command) =>
    section(command, `lanegrad ${command.name()}`, '##'),
  );
  const text = [HEAD, ...sections]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd();
  await expect(`${text}\n`).toMatchFileSnapshot('../../docs/command-line.md');
});
