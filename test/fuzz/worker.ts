/**
 * The process that runs cases. It says by a file which one is at hand, since a process that hangs or is
 * killed says nothing more: `worker.ts <seed> <first> <end> <stride> <skip> <until> <file> <target>`, where `skip` is
 * the case that ended the process before, or -1, and `until` the time at which no further case is begun, in
 * milliseconds.
 */
import { openSync, writeSync } from 'node:fs';
import { type Outcome, runCases } from './cases.js';

const [seed, first, end, stride, skip, until] = process.argv.slice(2, 8).map(Number);
const [file, target = ''] = process.argv.slice(8);
const place = openSync(file, 'w');

function* indices(): Iterable<number> {
  for (let index = first; index < end && Date.now() < until; index += stride) if (index !== skip) yield index;
}

let waiting: Outcome[] = [];
const send = (): void => {
  process.send?.(waiting);
  waiting = [];
};
await runCases(
  { seed, target },
  indices(),
  (index, name) => writeSync(place, `${index} ${name}`.padEnd(120), 0),
  (outcome) => {
    waiting.push(outcome);
    if (waiting.length >= 200 || outcome.verdict.kind === 'failed') send();
  },
);
send();
process.disconnect?.();
process.exit(0);
