#!/usr/bin/env node
/**
 * The `lanegrad` command: hands words to a command, and turns what goes wrong into one line and an exit
 * status. 0 done, 1 failed, 2 bad usage, 128 + n stopped by signal n.
 */
import { Command, CommanderError } from 'commander';
import { LanegradError, OptionError } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import { packageVersion } from '../run/version.js';
import { addAssignment } from './assignment.js';
import { addCompletion } from './completion.js';
import { addEvaluate } from './evaluate.js';
import { addExport } from './export.js';
import { addGradcheck } from './gradcheck.js';
import { addImport } from './import.js';
import { addInfo } from './info.js';
import { addInspect } from './inspect.js';
import { addNew } from './new.js';
import { printable, printableLines } from './output.js';
import { addPredict } from './predict.js';
import { addServe } from './serve.js';
import { addSweep } from './sweep.js';
import { addTrain } from './train.js';

// Who reads may leave early, as head does, and a disk may be full. Training goes on: its results are in the
// run folder.
const streams = { 'standard output': process.stdout, 'standard error': process.stderr };
const unwritable = new Set<string>();
for (const [name, stream] of Object.entries(streams)) {
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE' || unwritable.has(name)) return;
    unwritable.add(name);
    const { message } = fileError(name, 'cannot be written', cause);
    if (stream !== process.stderr) printError(message, cause, false);
    process.exitCode ||= 1;
  });
}

// Node's own listener prints a warning as it is, whatever a file's name in it would have the terminal do.
if (process.listenerCount('warning') > 0) {
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    const text =
      name === 'LanegradWarning' ? `warning: ${message}` : `(node:${process.pid}) ${name}: ${message}`;
    process.stderr.write(`${printableLines(text)}\n`);
  });
}

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error, process.argv.includes('--debug'));
}
if (unwritable.size > 0) process.exitCode ||= 1;

function createProgram(): Command {
  const program = new Command('lanegrad')
    .description('Trains neural networks on the CPU, on SIMD WebAssembly kernels.')
    .version(packageVersion())
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    // Errors are printed by `report`, on one line.
    .configureOutput({ outputError: () => {} });
  for (const add of [
    addTrain,
    addSweep,
    addEvaluate,
    addPredict,
    addServe,
    addExport,
    addImport,
    addInspect,
    addGradcheck,
    addAssignment,
    addNew,
    addInfo,
    addCompletion,
  ])
    add(program);
  return program.addHelpText('after', '\nlanegrad <command> --help tells more of each, with examples.');
}

/** Prints the error; returns the exit status. */
function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    // Help that was asked for, and help in place of a missing command: already printed.
    if (error.exitCode === 0) return 0;
    if (error.code !== 'commander.help') printError(error.message.replace(/^error: /, ''), error, debug);
    return 2;
  }
  if (error instanceof LanegradError) {
    printError(error.message, error, debug);
    return error instanceof OptionError ? 2 : 1;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  printError(`unexpected ${message} (--debug shows where)`, error, debug);
  return 1;
}

function printError(message: string, error: unknown, debug: boolean): void {
  const line = message
    .split('\n')
    .map((part) => part.trim())
    .join(' ');
  process.stderr.write(`error: ${printable(line)}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
}
