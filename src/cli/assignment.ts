/** `lanegrad assignment`: one part of the assignment, or all with the report. It computes nothing itself. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { Assignment } from '../assignment/index.js';
import { formatGradientTable, gradientTable } from '../assignment/q3-scalar/gradient-table.js';
import { integer } from '../base/settings.js';
import { commonOptions } from './arguments.js';
import {
  printAll,
  printBatched,
  printDerivations,
  printExperiments,
  printSynthetic,
  printTensor,
} from './assignment-print.js';
import { AssignmentProgress } from './assignment-progress.js';
import { argument } from './flags.js';
import { Output, printable } from './output.js';
import { Signals } from './signals.js';

type Part = '1' | '2' | '3' | '4' | '5' | '6' | '7' | 'all';

const PARTS: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', 'all'];

interface AssignmentOptions {
  quick?: true;
  out: string;
  seed: number;
  json?: true;
  debug?: true;
}

export function addAssignment(program: Command): void {
  const command = program
    .command('assignment')
    .summary('the deep-learning assignment, from derivatives to final accuracy')
    .description('Does the deep-learning assignment and writes a report, or does one of its parts.')
    .addArgument(new Argument('[part]', 'a question, 1 to 7, or all').argParser(parsePart).default('all'));
  const options = [
    new Option(
      '--quick',
      'fewer images, settings, seeds and epochs: all of it in under a minute, kept apart',
    ),
    new Option('--out <folder>', 'where results and report are kept').default('runs/assignment'),
    new Option('--seed <n>', 'the first of the seeds').argParser(argument(integer({ min: 0 }))).default(1),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(assignment).addHelpText('after', HELP);
}

const HELP = `
Parts:
  1, 2   the derivations, as text          5   the tensor network, one image at a time
  3      the gradient table                6   the batched network; all forms compared, and their speed
  4      synthetic data                    7   the experiments on MNIST and the final accuracy

Examples:
  lanegrad assignment                      # everything, and assignment.html
  lanegrad assignment all --quick          # a small version of it, in under a minute
  lanegrad assignment 3                    # one forward and one backward pass by hand
  lanegrad assignment 7 --json | tail -n 1

Results are kept as they come: what was stopped goes on from there, and what is done is not done again.`;

function parsePart(text: string): Part {
  if (PARTS.includes(text)) return text as Part;
  throw new InvalidArgumentError(`Expected one of ${PARTS.join(', ')}.`);
}

async function assignment(part: Part, { quick, out: folder, seed, json }: AssignmentOptions): Promise<void> {
  const out = new Output({ json });
  // It computes as sweeps do, of which other commands load nothing.
  const { Assignment: Opened, derivationsOf } = await import('../assignment/index.js');
  if (part === '1' || part === '2') {
    const question = part === '1' ? 1 : 2;
    printDerivations(out, derivationsOf(question));
    out.result({ part: question, derivations: derivationsOf(question) });
    return;
  }
  if (part === '3') {
    out.line(formatGradientTable());
    out.result({ part: 3, ...gradientTable() });
    return;
  }
  const progress = new AssignmentProgress(out);
  const signals = new Signals((name) => {
    progress.end();
    out.line(`${name}: stopping; what is done is kept`);
  });
  let opened: Assignment | undefined;
  try {
    opened = await Opened.open({
      out: folder,
      seed,
      quick: quick === true,
      signal: signals.signal,
      onProgress: (overview) => progress.show(overview),
      onFinished: (finished) => progress.finished(finished),
    });
    await run(opened, part, out, progress);
  } catch (error) {
    progress.end();
    if (!signals.signal.aborted) throw error;
    const { done, total } = opened?.session.progress.overview() ?? { done: 0, total: 0 };
    out.line(`stopped with ${done} of ${total} done; the same command goes on from there`);
    process.exitCode = signals.exitCode;
  } finally {
    progress.end();
    for (const path of opened?.damaged ?? []) out.line(`${printable(path)} was damaged and not used`);
    await opened?.close();
    signals.stop();
  }
}

async function run(opened: Assignment, part: Part, out: Output, progress: AssignmentProgress): Promise<void> {
  const began = performance.now();
  const done = () => {
    progress.end();
    const { computed, found } = opened.session;
    return { quick: opened.quick, computed, found, seconds: (performance.now() - began) / 1000 };
  };
  switch (part) {
    case '4': {
      const result = await opened.synthetic();
      const counts = done();
      printSynthetic(out, result);
      const { points: _, ...rest } = result;
      out.result({ part: 4, ...counts, ...rest, runs: rest.runs.map(({ boundary: _, ...run }) => run) });
      return;
    }
    case '5': {
      const result = await opened.tensor();
      const counts = done();
      printTensor(out, result);
      out.result({ part: 5, ...counts, ...result });
      return;
    }
    case '6': {
      const [batched, forms] = await Promise.all([opened.batched(), opened.forms()]);
      const speed = await opened.speed();
      const counts = done();
      printBatched(out, batched, forms, speed);
      out.result({ part: 6, ...counts, batched, forms, speed });
      return;
    }
    case '7': {
      const result = await opened.experiments();
      const counts = done();
      printExperiments(out, result);
      const { band: _, ...rest } = result;
      out.result({ part: 7, ...counts, ...rest });
      return;
    }
    default: {
      const report = await opened.all();
      const counts = done();
      printAll(out, report, { ...counts, path: opened.reportPath });
      const { choice, final } = report.experiments;
      const { accuracy, loss, accuracies, seeds, trainSize, weightsSha256 } = final;
      out.result({
        part: 'all',
        ...counts,
        choice,
        final: { accuracy, loss, accuracies, seeds, trainSize, weightsSha256 },
        formsAgree: report.forms.agree,
        speed: report.speed.rows,
        report: opened.reportPath,
      });
    }
  }
}
