/** Training that is stopped, and readers that leave early. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Signals } from '../../src/cli/signals.js';
import { lanegrad, lastObject, MAIN, start } from './command.js';
import { writeToy } from './toy.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-signals-'));
  await writeToy(join(root, 'toy'), { train: 480 });
});
afterAll(() => rm(root, { recursive: true }));

/** Epochs without end, for a test's patience. */
const TRAIN = ['train', 'toy', '--hidden', '32', '--epochs', '1000000', '--seed', '1'];

describe('a signal during training', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s saves model and report, says where, and exits %i', async (signal, code) => {
    const out = `run-${signal}`;
    const running = start(root, [...TRAIN, '--out', out]);
    await running.printed(/epoch +2\//);
    running.child.kill(signal);
    const outcome = await running.outcome;
    expect(outcome).toMatchObject({ code, stderr: '' });
    expect(outcome.stdout).toMatch(/stopping after this step/);
    expect(outcome.stdout).toMatch(
      /^interrupted after step [\d,]+; the model has the weights of that step$/m,
    );
    expect(outcome.stdout).toContain(join(out, 'model.safetensors'));
    expect((await readdir(join(root, out))).sort()).toEqual([
      // Of the step at which it stopped: the run can go on.
      'checkpoints',
      'config.json',
      'metrics.jsonl',
      'model.safetensors',
      'report.html',
    ]);
    expect(await readFile(join(root, out, 'report.html'), 'utf8')).toMatch(/interrupted/i);
    const evaluated = await lanegrad(root, ['evaluate', out, 'toy', '--json']);
    expect(lastObject(evaluated)).toMatchObject({ samples: 60 });
  });

  it('leaves a record for programs', async () => {
    const running = start(root, [...TRAIN, '--json', '--out', 'json']);
    // Before the first epoch there is nothing to record; what is said of it goes to standard error.
    await new Promise<void>((resolve) => {
      running.child.stderr?.on('data', (text: string) => {
        if (/^epoch/m.test(text)) resolve();
      });
    });
    running.child.kill('SIGINT');
    const outcome = await running.outcome;
    expect(outcome.code).toBe(130);
    expect(lastObject(outcome)).toMatchObject({ interrupted: true, test: null, runDir: 'json' });
  });

  it('is taken for one when it comes twice at once, as npm has it', async () => {
    const running = start(root, [...TRAIN, '--out', 'echo']);
    await running.printed(/epoch +1\//);
    running.child.kill('SIGINT');
    setTimeout(() => running.child.kill('SIGINT'), 20);
    expect((await running.outcome).code).toBe(130);
    expect(await readdir(join(root, 'echo'))).toContain('report.html');
  });

  it('ends the process at once when it comes again', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const firsts: string[] = [];
    const signals = new Signals((name) => firsts.push(name));
    // Called directly, because the test's runner listens too.
    const press = process.listeners('SIGINT').at(-1)!;
    press('SIGINT');
    now.mockReturnValue(1010);
    press('SIGINT');
    expect(exit).not.toHaveBeenCalled();
    expect(signals.signal.aborted).toBe(true);
    expect(signals.exitCode).toBe(130);
    now.mockReturnValue(2000);
    expect(() => press('SIGINT')).toThrow('exit 130');
    expect(firsts).toEqual(['SIGINT']);
    // The first one's echo may come when all is done: it must not end the process by its own means.
    signals.stop();
    expect(process.listeners('SIGINT')).toContain(press);
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.off(name, press);
    vi.restoreAllMocks();
  });

  it('is no longer listened to once there is nothing to stop', () => {
    const signals = new Signals(() => {});
    const press = process.listeners('SIGINT').at(-1)!;
    signals.stop();
    expect(process.listeners('SIGINT')).not.toContain(press);
    expect(process.listeners('SIGTERM')).not.toContain(press);
    expect(process.listeners('SIGHUP')).not.toContain(press);
  });
});

describe('a reader that leaves', () => {
  it('is no error', async () => {
    const running = start(root, ['train', 'toy', '--hidden', '8', '--epochs', '300', '--out', 'left']);
    await running.printed(/epoch +1\//);
    running.child.stdout?.destroy();
    expect(await running.outcome).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(join(root, 'left'))).toContain('report.html');
  });
});

describe.skipIf(!existsSync('/dev/full'))('an output that takes nothing', () => {
  it('is named, and the run is there all the same', async () => {
    const full = openSync('/dev/full', 'w');
    const args = [MAIN, 'train', 'toy', '--hidden', '8', '--epochs', '2', '--out', 'full'];
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(stderr).toBe('error: standard output: cannot be written: no space left on the device\n');
    expect(status).toBe(1);
    expect(await readdir(join(root, 'full'))).toContain('report.html');
  });
});
