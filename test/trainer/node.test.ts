/** A trainer in a worker of Node's, from the built package, since a thread runs no TypeScript. */
import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EngineError, NonFiniteError } from '../../src/base/errors.js';
import { conv2d, separableConv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { lora } from '../../src/nn/lora.js';
import { freeze, unfreeze } from '../../src/nn/model.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { maxPool2d } from '../../src/nn/pool.js';
import { replaceOutput } from '../../src/nn/replace-output.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { createTrainer, type Trainer, type TrainerOptions } from '../../src/trainer/index.js';
import { basic, bits, net, strict } from '../train/fit-setting.js';
import { clouds } from '../train/sets.js';

const dist = (file: string) => new URL(`../../dist/${file}`, import.meta.url);
const set = clouds(64, { bytes: true });
const options = { ...basic, batchSize: 16, epochs: 3 };
const engine = { math: 'strict', threads: 2 } as const;

const made: Trainer[] = [];
afterEach(() => {
  for (const trainer of made.splice(0)) trainer.dispose();
});

async function make(worker: TrainerOptions['worker']): Promise<Trainer> {
  const trainer = await createTrainer({ model: net(), worker, engine });
  made.push(trainer);
  return trainer;
}

describe('createTrainer with a worker', () => {
  test.each<[string, () => TrainerOptions['worker']]>([
    ['the address of a script', () => dist('trainer/worker.js')],
    ['its address as text', () => dist('trainer/worker.js').href],
    ['a worker of one’s own', () => new Worker(dist('trainer/worker.js'))],
  ])('%s: trains to the bits of fit', async (_, worker) => {
    const trainer = await make(worker());
    expect(trainer).toMatchObject({ place: 'worker', info: { threads: 2, math: 'strict' } });
    const model = net();
    await fit(strict, model, set, options);
    const epochs: number[] = [];
    await trainer.fit(set, { ...options, onEpoch: ({ epoch }) => void epochs.push(epoch) });
    expect(epochs).toEqual([1, 2, 3]);
    expect(bits(trainer.model)).toEqual(bits(model));
  });

  test('trains layers of images to the bits of fit', async () => {
    const images = () => {
      const layers = [
        conv2d(6, 3, { padding: 'same', activation: 'relu' }),
        maxPool2d(2),
        batchNorm(),
        separableConv2d(4, 2),
        dropout(0.2),
        flatten(),
        dense(3),
      ];
      return sequential([4, 6, 2], layers, { seed: 1 });
    };
    const pixels = clouds(96, { width: 48, bytes: true });
    const model = images();
    await fit(strict, model, pixels, options);
    const trainer = await createTrainer({ model: images(), worker: dist('trainer/worker.js'), engine });
    made.push(trainer);
    await trainer.fit(pixels, options);
    expect(bits(trainer.model)).toEqual(bits(model));
  });

  test('trains what was adapted to the bits of fit', async () => {
    const adapted = () => {
      const layers = [dense(9), batchNorm(), dense(7, { activation: 'relu' }), dropout(0.2), dense(5)];
      const trunk = sequential(set.width, layers, { seed: 1 });
      freeze(trunk, '*');
      const own = replaceOutput(trunk, dense(set.classes), { seed: 2 });
      const made = lora(own, '2.weight', { rank: 2 });
      unfreeze(made, 'dense.*');
      return made;
    };
    const model = adapted();
    const before = model.buffers.map(({ values }) => [...values]);
    await fit(strict, model, set, options);
    const trainer = await createTrainer({ model: adapted(), worker: dist('trainer/worker.js'), engine });
    made.push(trainer);
    await trainer.fit(set, options);
    expect(bits(trainer.model)).toEqual(bits(model));
    expect(bits(model)).not.toEqual(bits(adapted()));
    expect(trainer.model.buffers.map(({ values }) => [...values])).toEqual(before);
  });

  test('starts where a library has put the Worker of worker_threads among the globals', async () => {
    vi.stubGlobal('Worker', Worker);
    try {
      const trainer = await make(dist('trainer/worker.js'));
      expect((await trainer.fit(set, { ...options, epochs: 1 })).outcome).toBe('completed');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('does not hold up the caller, stops, and tells what went wrong', async () => {
    const trainer = await make(dist('trainer/worker.js'));
    const training = trainer.fit(set, { ...options, epochs: 1_000_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await trainer.pause();
    expect(trainer.state).toBe('paused');
    await trainer.stop();
    expect((await training).outcome).toBe('aborted');
    const diverging = trainer.fit(set, { ...options, optimizer: sgd({ learningRate: 1e38 }) });
    await expect(diverging).rejects.toMatchObject({ name: NonFiniteError.name, where: 'fit' });
  });

  test('whose script is not there is an error, and so is one that ends', async () => {
    await expect(make(dist('trainer/none.js'))).rejects.toThrow('the worker failed: Cannot find module');
    const worker = new Worker(dist('trainer/worker.js'));
    const trainer = await make(worker);
    const training = trainer.fit(set, { ...options, epochs: 1_000_000 });
    setTimeout(() => void worker.terminate(), 50);
    await expect(training).rejects.toThrow('the worker failed: it has exited with status 1');
  });
});

describe('a process', () => {
  const run = (flags: string[], body: string) => {
    const code = `import { createTrainer } from ${JSON.stringify(dist('trainer/index.js').href)};
      import { createEngine, dense, sequential } from ${JSON.stringify(dist('index.js').href)};
      ${body}`;
    const args = [...flags, '--input-type=module', '-e', code];
    return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  };
  const model = 'model: sequential(2, [dense(2)], { seed: 1 })';

  test('ends by itself when its trainer has nothing to do', () => {
    const { status, stdout } = run(
      [],
      `console.log((await createTrainer({ ${model}, worker: true })).place);`,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'worker\n' });
  });

  test('that may start no threads has one, and a trainer on its own thread', () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const { status, stdout } = run(
      [flag, '--allow-fs-read=*'],
      `const { info } = await createEngine();
       console.log(info.backend, info.threads, info.reason);
       console.log((await createTrainer({ ${model} })).place);
       await createTrainer({ ${model}, worker: true }).catch(({ name, message }) => console.log(name, message));
       await createEngine({ threads: 2 }).catch(({ name, message }) => console.log(name, message));`,
    );
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^wasm 1 .*one thread: .*thread 2 of \d+ could not be started: .*restricted/);
    expect(lines[1]).toBe('caller');
    expect(lines[2]).toMatch(/^EngineError createTrainer: the worker cannot be started: .*restricted/);
    expect(lines[3]).toMatch(/^ThreadError threads: thread 2 of 2 could not be started: /);
  });
});

test('a worker whose path is long is refused shortly', async () => {
  const model = sequential(1, [dense(1)], { seed: 1 });
  const given = createTrainer({ model, worker: 'x'.repeat(100_000) });
  await expect(given).rejects.toThrow(EngineError);
  await expect(given).rejects.toThrow(/^.{20,600}$/s);
});
