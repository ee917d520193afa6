/** What the fault campaign takes for a violation. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { broken, temporaries, unclear } from './checks.js';
import { jobs, OLD } from './jobs.js';

const ended = (stderr: string, code = 1) => unclear({ code, stdout: '', stderr });

describe('an error', () => {
  it('is clear in one line, also behind a warning', () => {
    expect(ended('error: out/model: cannot be written: no space left on the device\n')).toBeUndefined();
    expect(ended('warning: it is old\nerror: threads: thread 2 of 2 has ended\n', 2)).toBeUndefined();
  });

  it.each([
    ['', 1],
    ['error: out: gone\n', 134],
    ['error: unexpected Error: EACCES: permission denied (--debug shows where)\n', 1],
    ['error: out: gone\n    at main (file.js:1:2)\n', 1],
    ['error: kernel: RuntimeError: unreachable at 0x1f\n', 1],
    ['node:internal/process: x\n', 1],
  ])('%j with status %i is none', (stderr, code) => {
    expect(ended(stderr, code)).toBeDefined();
  });
});

describe('a folder', () => {
  let out: string;
  beforeEach(async () => {
    out = await mkdtemp(join(tmpdir(), 'lanegrad-checks-'));
  });
  afterEach(() => rm(out, { recursive: true }));
  const job = (name: string) => jobs.find((own) => own.name === name)!;
  const model = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [1], data: new Float32Array(1) }]]));

  it('has whole files, and temporary ones that are counted apart', async () => {
    await mkdir(join(out, 'checkpoints'));
    await writeFile(join(out, 'checkpoints', 'checkpoint-000000007.safetensors'), model);
    await writeFile(join(out, 'config.json'), '{}');
    await writeFile(join(out, 'metrics.jsonl'), '{"epoch":1}\n');
    await writeFile(join(out, 'checkpoints', '.lanegrad-1.tmp'), 'half');
    expect(await broken(job('dense'), out, undefined)).toEqual([]);
    expect(await temporaries(out)).toEqual(['checkpoints/.lanegrad-1.tmp']);
  });

  it.each([
    ['model.safetensors', model.subarray(0, model.length - 1)],
    ['config.json', '{"a":'],
    ['metrics.jsonl', '{"epoch":1}\n{"epoch":2}'],
    ['metrics.jsonl', '{"epoch":1}\n{"ep\n'],
    ['report.html', '<html><body>'],
  ])('with a part of %s is broken', async (name, content) => {
    await writeFile(join(out, name), content);
    expect(await broken(job('dense'), out, undefined)).toEqual([expect.stringContaining(`${name}: `)]);
  });

  it('may have a line that a kill cut off', async () => {
    await writeFile(join(out, 'metrics.jsonl'), '{"epoch":1}\n{"ep');
    expect(await broken(job('dense'), out, undefined, true)).toEqual([]);
    expect(await broken(job('dense'), out, undefined)).toHaveLength(1);
  });

  it('keeps the file that was there, or has the new one', async () => {
    const csv = job('csv');
    expect(await broken(csv, out, '')).toEqual(['metrics.csv is gone']);
    await writeFile(join(out, 'metrics.csv'), OLD);
    expect(await broken(csv, out, '')).toEqual([]);
    await writeFile(join(out, 'metrics.csv'), 'epoch,loss\n');
    expect(await broken(csv, out, await csv.result(out))).toEqual([]);
    expect(await broken(csv, out, 'another')).toEqual([
      'metrics.csv is neither the old file nor the new one',
    ]);
  });
});
