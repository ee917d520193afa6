/** The page of all commands, written from the tables of their options: `npx vitest -u` writes it anew. */
import type { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from './program.js';

const HEAD = `# Command line

This page is written from the commands themselves (\`src/cli\`) by a test. \`npx lanegrad <command> --help\` says
the same in a terminal.

With \`--json\` the last line of standard output is one object, and all else goes to standard error. Exit status: 0
done, 1 failed, 2 bad usage, 128 + n stopped by signal n. Errors are one line; [Errors](errors.md) says what
each kind means.

A run folder holds \`config.json\`, \`metrics.jsonl\`, \`model.safetensors\`, \`checkpoints\` and \`report.html\`, which opens offline. Ctrl-C
stops after the step at hand, saves, and says where and how to go on. A run may be killed at any moment: \`--resume\` ends
with the same weights, bit for bit. A killed command that writes a single file leaves the old one or the new one, and
perhaps a \`.lanegrad-….tmp\` beside it, which may be removed.

\`\`\`sh
npx lanegrad train mnist --hidden 300,100 --activation relu --learning-rate 0.1
npx lanegrad train mnist --preset accurate                  # 98.7 % of the test images right, in 48 s on two cores
npx lanegrad train mnist --preset cnn                       # convolutions: 99.6 % of the test images right, in 126 s on two cores
npx lanegrad train iris.csv --target species                # a table: CSV, Parquet, JSON lines, NPY
npx lanegrad train mnist --weights-from runs/… --learning-rate 0.01
npx lanegrad train photos --from model.onnx --head classes  # a network of another program, for classes of your own
npx lanegrad train --resume runs/…                          # after Ctrl-C, a crash or a power cut
npx lanegrad evaluate runs/…/model.safetensors
npx lanegrad predict runs/… mnist --range 0:20 --show
npx lanegrad serve runs/…                                   # an HTTP endpoint
npx lanegrad new first                                      # a project to start from
npx lanegrad export runs/… --to onnx                        # or a PyTorch state_dict, NPZ; metrics as CSV, for TensorBoard
npx lanegrad inspect runs/…                                 # models, ONNX, checkpoints, data files: drawings, statistics, pictures
npx lanegrad gradcheck runs/…                               # gradients beside central differences
\`\`\`
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
          '| argument | what it is |',
          '|---|---|',
          ...given.map((own) => `| \`${own.name()}\` | ${cell(own.description)} |`),
          '',
        ]
      : []),
    ...groups.flatMap((group) => [
      `**${group.replace(/:$/, '')}**`,
      '',
      '| flag | what for |',
      '|---|---|',
      ...shown.filter(({ helpGroupHeading }) => (helpGroupHeading ?? 'Options:') === group).map(optionRow),
      '',
    ]),
    ...(end
      ? [
          '```sh',
          ...(blank < 0 ? end : end.slice(0, blank))
            .split('\n')
            .map((line) => line.trim().replace(/ {2,}(?=#)/, '   ')),
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

/** The words of a command that a shell would give to `lanegrad`, or undefined where it is not in the line. */
function wordsOf(line: string): string[] | undefined {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|[|<>()]|#.*|[^\s|<>()]+/g)].map(
    ([word, double, single]) => double ?? single ?? word,
  );
  const from = words.indexOf('lanegrad');
  if (from < 0) return undefined;
  const own = words.slice(from + 1);
  const end = own.findIndex((word) => /^([|<>()]|#.*)$/.test(word));
  // A variable of the shell is a number where one stands.
  return (end < 0 ? own : own.slice(0, end)).map((word) => word.replace(/\$[A-Z_]+/, '0'));
}

const examplesOf = (command: Command) => {
  const text = after(command);
  return text
    .split('\n\n')[0]
    .split('\n')
    .filter((line) => line !== '');
};

/** Each command parses, and none does anything. */
function disarm(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  command.action(() => {});
  command.commands.forEach(disarm);
}

describe('the examples of --help', async () => {
  const { commands } = await createProgram();
  const examples = commands.flatMap((command) => examplesOf(command));

  test('are there for every command', () => {
    expect(commands.filter((command) => examplesOf(command).length === 0).map((own) => own.name())).toEqual(
      [],
    );
    expect(examples.length).toBeGreaterThan(40);
  });

  test.each(examples)('%s', async (line) => {
    const words = wordsOf(line);
    if (!words) return expect(line).toMatch(/^ *curl /);
    const program = await createProgram();
    for (const command of program.commands) disarm(command);
    await program.exitOverride().parseAsync(words, { from: 'user' });
  });

  test('would fail with words behind a command', async () => {
    const program = await createProgram();
    for (const command of program.commands) disarm(command);
    const words = wordsOf('  lanegrad evaluate model.safetensors mnist and so on')!;
    await expect(program.exitOverride().parseAsync(words, { from: 'user' })).rejects.toThrow(
      /too many arguments/,
    );
  });
});
