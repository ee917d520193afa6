/**
 * What reads files by their path: models, IDX folders, run folders and checkpoints, with files that were
 * changed.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dense, sequential, writeModel } from '../../../src/index.js';
import { latestCheckpoint, loadIdxFolder, loadModel, openTableFile, RunFolder } from '../../../src/node.js';
import { idx } from '../encode.js';
import { mutateBytes } from '../mutate.js';
import { expectThat, must, type Target } from '../target.js';

async function inFolder<T>(base: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(base, 'case-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const idxFolderTarget: Target = {
  name: 'loadIdxFolder',
  run: (r, world) =>
    inFolder(world.folder, async (folder) => {
      const [train, test] = [r.between(2, 6), r.between(1, 4)];
      const labels = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 2);
      const files = {
        'train-images-idx3-ubyte': idx(8, [train, 2, 2], r.bytes(4 * train)),
        'train-labels-idx1-ubyte': idx(8, [train], labels(train)),
        't10k-images-idx3-ubyte': idx(8, [test, 2, 2], r.bytes(4 * test)),
        't10k-labels-idx1-ubyte': idx(8, [test], labels(test)),
      };
      const intact = r.chance(0.2);
      const spoilt = intact ? '' : r.pick(Object.keys(files));
      for (const [name, bytes] of Object.entries(files)) {
        const given = name === spoilt ? mutateBytes(r, bytes) : bytes;
        if (name === spoilt && r.chance(0.1)) continue;
        if (r.chance(0.3)) await writeFile(join(folder, `${name}.gz`), gzipSync(given));
        else await writeFile(join(folder, name), given);
      }
      const sets = await (intact ? must('a folder', () => loadIdxFolder(folder)) : loadIdxFolder(folder));
      expectThat(sets.train.size + sets.validation.size === sets.full.size, () => 'rows were lost');
    }),
};

const pathsTarget: Target = {
  name: 'files by path',
  run: (r, world) =>
    inFolder(world.folder, async (folder) => {
      const model = sequential(2, [dense(2)], { seed: 1 });
      const path = join(folder, r.pick(['a', 'é', 'a b']));
      const kind = r.below(6);
      if (kind === 0) await mkdir(path);
      else if (kind > 1)
        await writeFile(
          path,
          kind === 2
            ? writeModel(model)
            : mutateBytes(r, kind === 3 ? Buffer.from('a,b\n1,2\n3,4\n') : writeModel(model)),
        );
      const checkpoints = join(folder, 'checkpoints');
      await mkdir(checkpoints);
      await writeFile(join(checkpoints, 'checkpoint-3.safetensors'), mutateBytes(r, writeModel(model)));
      await r.pick([
        () => (kind === 2 ? must('a model', () => loadModel(path)) : loadModel(path)),
        () => openTableFile(path),
        () => latestCheckpoint(kind === 0 ? path : checkpoints),
        () => loadIdxFolder(path),
        () => RunFolder.open(path),
      ])();
    }),
};

export const folderTargets: readonly Target[] = [idxFolderTarget, pathsTarget];
