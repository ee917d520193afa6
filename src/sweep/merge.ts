/** The shards of a study made one: a journal of all their trials, and what is shown of it. Node only. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, OptionError } from '../base/errors.js';
import { fileError, systemCode, writeFileAtomic } from '../base/files/atomic.js';
import { FolderLock } from '../base/files/lock.js';
import { canonicalJson } from '../base/json.js';
import { RecordMaker } from './journal/records.js';
import { copyBest, writePage } from './outcome.js';
import { readStudy, type StoredStudy } from './read.js';
import { Space } from './space.js';
import { JOURNAL_FILE, SHARDS, trialFolder } from './study.js';
import { hasEnded, type Trial } from './trial.js';

/**
 * Writes the journal, the page and the best model of a study whose shards are in its folder. Trials of shards that
 * are missing or have not ended wait in it: `sweep resume` does them, or merge again when they are there.
 *
 * @throws FileError when there are no shards, or a study that knows more than they do; OptionError when they are of
 * several studies.
 */
export async function mergeShards(folder: string): Promise<StoredStudy> {
  const shards = await readShards(folder);
  const [{ definition, size, name, directions }] = shards;
  const space = Space.read(folder, definition.space);
  const lock = await FolderLock.acquire(folder);
  try {
    const found = Array.from({ length: size }, (_, number) => shards.map(({ trials }) => trials[number]));
    const trials = found.map(
      (all) => all.find((trial) => trial && hasEnded(trial)) ?? { ...all[0], reports: [] },
    );
    await checkLoses(folder, trials);
    const maker = new RecordMaker('lanegrad-merge', space);
    const records = [...maker.study(name, directions, definition), maker.size(size)];
    for (const { number, state, settings, started, ended, reports, ...others } of trials) {
      const isOver = state === 'complete' || state === 'pruned' || state === 'failed';
      records.push(maker.trial(settings, isOver ? started : undefined));
      if (!isOver) continue;
      records.push(
        ...reports.map((report) => maker.report(number, report)),
        ...maker.end(number, state, ended!, others),
      );
    }
    const lines = records.map((record) => `${JSON.stringify(record)}\n`);
    await writeFileAtomic(join(folder, JOURNAL_FILE), lines.join(''));
    const study = await readStudy(folder);
    await writePage(folder, study);
    const from = (number: number) => {
      const own = shards.find((shard) => shard.trials[number] && hasEnded(shard.trials[number]));
      return trialFolder((own ?? shards[0]).path, number);
    };
    await copyBest(folder, study, from);
    return study;
  } finally {
    await lock.release();
  }
}

async function readShards(folder: string): Promise<StoredStudy[]> {
  const parts = join(folder, SHARDS);
  const names = await readdir(parts).catch((cause) => {
    if (systemCode(cause) === 'ENOENT')
      throw new FileError(folder, `expected shards of a study in ${SHARDS}`);
    throw fileError(parts, 'cannot be read', cause);
  });
  const shards = await Promise.all(
    names
      .filter((name) => /^\d+-of-\d+$/.test(name))
      .sort()
      .map((name) => readStudy(join(parts, name))),
  );
  if (shards.length === 0) throw new FileError(folder, `expected shards of a study in ${SHARDS}`);
  const [first] = shards;
  const other = shards.find(
    ({ definition, size }) =>
      size !== first.size || canonicalJson(definition) !== canonicalJson(first.definition),
  );
  if (other) throw new OptionError(folder, `${other.path} is of another study than ${first.path}`);
  return shards;
}

/** Throws FileError when the study there has trials that no shard has. */
async function checkLoses(folder: string, trials: readonly Trial[]): Promise<void> {
  const before = await readStudy(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  const lost = before?.trials.find(
    (trial) => hasEnded(trial) && !(trials[trial.number] && hasEnded(trials[trial.number])),
  );
  if (lost) throw new FileError(folder, `the study there has trial ${lost.number}, which no shard has`);
}
