/** A study as it stands in a folder, for who looks at it or goes on with it. Nothing is locked or changed. Node only. */
import { dirname, join } from 'node:path';
import { FormatError, LanegradError, OptionError } from '../base/errors.js';
import { checkPath } from '../base/options.js';
import { shellWord } from '../base/shell.js';
import { type DefinitionJson, readDefinitionJson } from './definition.js';
import { readJournal } from './journal/file.js';
import { inSpace, type Recorded, replay } from './journal/records.js';
import { Space } from './space.js';
import { JOURNAL_FILE } from './study.js';
import type { Direction, Trial } from './trial.js';

export interface StoredStudy {
  readonly name: string;
  readonly path: string;
  readonly directions: readonly Direction[];
  readonly definition: DefinitionJson;
  /** How many trials there are to be. */
  readonly size: number;
  readonly trials: readonly Trial[];
}

/**
 * @throws FileError when there is no journal that can be read, FormatError when it is none of lanegrad's.
 */
export async function readStudy(folder: string): Promise<StoredStudy> {
  checkPath('sweep', folder);
  const path = join(folder, JOURNAL_FILE);
  const found = replay(await readJournal(path), path);
  if (found?.definition === undefined) {
    throw new FormatError(path, 'it has no study of lanegrad: its first two lines say what one is');
  }
  const definition = definitionOf(path, found);
  const space = Space.read(path, definition.space);
  const trials = found.trials.map((trial) => ({ ...trial, settings: inSpace(space, trial.settings) }));
  return { ...found, path: folder, definition, size: found.size ?? trials.length, trials };
}

function definitionOf(path: string, { definition, directions }: Recorded): DefinitionJson {
  try {
    const json = readDefinitionJson('definition', definition);
    if (json.directions.join() === directions.join()) return json;
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    throw new FormatError(path, `line 2: ${error.message}`, { cause: error });
  }
  throw new FormatError(path, `line 2: expected the directions of line 1, ${directions.join(', ')}`);
}

/**
 * The options of `sweep` that go on with a study, but for what is no part of it.
 *
 * @throws OptionError for a study whose objective is written down nowhere: that of a function, or of one training's
 * folds or seeds.
 */
export function optionsOf({ definition, size, path }: StoredStudy) {
  const { directions, data: _, ...options } = definition;
  const { objective } = options;
  if (objective && 'over' in objective) {
    throw new OptionError(
      path,
      `it is a part of a run folder; lanegrad train --resume ${shellWord(dirname(path))} goes on with it`,
    );
  }
  if (!objective) {
    throw new OptionError(path, 'its objective is a function: sweep() with it and this folder goes on');
  }
  return { ...options, direction: directions, trials: size, folder: path };
}
