/** `lanegrad info`: what computes here. What files hold is told by `inspect`. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { createEngine } from '../create/engine.js';
import type { EngineInfo } from '../engine/engine.js';
import { packageVersion } from '../run/version.js';
import { type ComputeOptions, commonOptions, engineOptions } from './arguments.js';
import { Output, table } from './output.js';

export function addInfo(program: Command): void {
  const command = program
    .command('info')
    .summary('what computes here')
    .description('Prints the engine that this machine gets, and why.');
  for (const option of [...engineOptions(), ...commonOptions()]) command.addOption(option);
  command.action(info).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad info
  lanegrad info --math strict --json

lanegrad inspect tells what a model or another file holds.`;

/** The engine in one phrase: for the first line of a training run. */
export function describeEngine({ backend, binary, math, threads, runtime }: EngineInfo): string {
  const what = binary ? `${backend} (${binary}, ${math} math)` : `the ${backend} backend (${math} math)`;
  return `${what}, ${threads === 1 ? 'one thread' : `${threads} threads`}, ${runtime}`;
}

/** What was taken, and what was tried. */
function describeTuning(taken: string, measured: Readonly<Record<string, number>> = {}): string {
  const tried = Object.entries(measured).map(([name, rate]) => `${name} ${rate}`);
  return tried.length > 0 ? `${taken}, of ${tried.join(', ')} GFLOPS` : taken;
}

async function info({ backend, math, threads, turbo, json }: ComputeOptions): Promise<void> {
  const out = new Output({ json });
  const engine = (await createEngine({ backend, math, threads, turbo })).info;
  // Not enumerable, so it has to be named.
  const { tuning } = engine;
  const cores = availableParallelism();
  const version = packageVersion();
  const rows = [
    ['lanegrad', version],
    ['runtime', engine.runtime],
    ['backend', engine.binary ? `${engine.backend}, ${engine.binary}.wasm` : engine.backend],
    ['because', engine.reason],
    ['math', engine.math],
    ['numerics', `version ${engine.numerics}`],
    ['turbo', engine.turbo ? 'yes' : 'no'],
    ...(tuning ? [['tiles of products', describeTuning(tuning.tiles, tuning.measured)]] : []),
    ['threads', describeTuning(`${engine.threads} of ${cores} cores`, tuning?.threads)],
    ...(engine.wasmSha256 ? [['wasm sha256', engine.wasmSha256]] : []),
  ];
  for (const line of table(rows, [0, 1])) out.line(line);
  out.result({ version, cores, engine: { ...engine, tuning } });
}
