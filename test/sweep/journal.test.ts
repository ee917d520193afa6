/** The journal: what is written is read again, what a crash leaves is healed, and what is none is refused. */
import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { JournalFile, readJournal } from '../../src/sweep/journal/file.js';
import { inSpace, RecordMaker, replay } from '../../src/sweep/journal/records.js';
import { Space } from '../../src/sweep/space.js';
import { spaces } from './helpers.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-journal-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('the file', () => {
  const records = [{ a: 1 }, { b: 'ä\n' }, { c: [1.5, null] }];

  it('heals whatever a crash leaves of its last line, and loses nothing before it', async () => {
    const whole = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const bytes = Buffer.from(whole);
    const ends = records.map(
      (_, i) =>
        Buffer.byteLength(
          whole
            .split('\n')
            .slice(0, i + 1)
            .join('\n'),
        ) + 1,
    );
    for (let length = 0; length <= bytes.length; length++) {
      const path = join(root, `cut-${length}`);
      await writeFile(path, bytes.subarray(0, length));
      const kept = ends.filter((end) => end <= length).length;
      expect(await readJournal(path)).toEqual(records.slice(0, kept));
      const { journal, records: found } = await JournalFile.open(path);
      expect(found).toEqual(records.slice(0, kept));
      await journal.append([{ next: true }]);
      await journal.close();
      expect(await readJournal(path)).toEqual([...records.slice(0, kept), { next: true }]);
    }
  });

  it('takes zeros at the end for what a power cut leaves', async () => {
    const path = join(root, 'zeros');
    await writeFile(path, `{"a":1}\n${'\0'.repeat(40)}\n`);
    const { journal, records: found } = await JournalFile.open(path);
    expect(found).toEqual([{ a: 1 }]);
    await journal.append([{ b: 2 }]);
    await journal.close();
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"b":2}\n');
  });

  it.each(['hello\n', 'hello', '{"mine":1}', '{"mine":1}\n'])(
    'leaves what began otherwise: %j',
    async (text) => {
      const path = join(root, 'other');
      await writeFile(path, text);
      await expect(JournalFile.open(path, '{"op_code":0,')).rejects.toThrow(FormatError);
      await expect(JournalFile.open(path, '{"op_code":0,')).rejects.toThrow(/other: expected a journal/);
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );

  it.each(['', '{"op', '\0\0\0\n', '{"op\0\0', '{"op_code":0,"x', '{"op_code":0,"x\n'])(
    'heals what a crash leaves of the first line: %j',
    async (text) => {
      const path = join(root, 'begun');
      await writeFile(path, text);
      const { journal, records: found } = await JournalFile.open(path, '{"op_code":0,');
      await journal.close();
      expect(found).toEqual([]);
      expect(await readFile(path, 'utf8')).toBe('');
    },
  );

  it('refuses a broken line before the last, by its number', async () => {
    const path = join(root, 'broken');
    await writeFile(path, '{"a":1}\n{"b":\n{"c":3}\n');
    await expect(JournalFile.open(path)).rejects.toThrow(FormatError);
    await expect(readJournal(path)).rejects.toThrow(/broken: line 2 is not JSON/);
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"b":\n{"c":3}\n');
  });

  it('keeps the order of the calls', async () => {
    const path = join(root, 'order');
    const { journal } = await JournalFile.open(path);
    await Promise.all(Array.from({ length: 50 }, (_, i) => journal.append([{ i }, { i: i + 0.5 }])));
    await journal.close();
    const found = (await readJournal(path)) as { i: number }[];
    expect(found.map(({ i }) => i)).toEqual(Array.from({ length: 100 }, (_, i) => i / 2));
  });

  it('that is removed or replaced while it is written is an error', async () => {
    const path = join(root, 'lost');
    const { journal } = await JournalFile.open(path);
    await journal.append([{ i: 1 }]);
    await rename(path, `${path}-elsewhere`);
    await expect(journal.append([{ i: 2 }])).rejects.toThrow(
      `${path}: cannot be written any more: no such file`,
    );
    await writeFile(path, '');
    await expect(journal.append([{ i: 3 }])).rejects.toThrow(/another file has taken its place/);
    await journal.close();
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it.each(['/dev/full', tmpdir()])('that is none is refused: %s', async (path) => {
    await expect(JournalFile.open(path)).rejects.toThrow(/expected a journal, but it is no ordinary file/);
  });
});

describe('records', () => {
  it('come to the trials that they were made of', () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(
        spaces,
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.array(value), value), {
          maxLength: 5,
        }),
        (given, drawn) => {
          const space = Space.read('test', given);
          const maker = new RecordMaker('test', space);
          const records: object[] = maker.study('name', ['minimize'], { space: given });
          const expected = drawn.map(([unit, reported, last], number) => {
            const settings = space.settle((dimension) =>
              dimension.kind === 'choice'
                ? dimension.values[Math.floor(unit * (dimension.values.length - 1))]!
                : dimension.low,
            );
            const reports = reported.map((own, step) => ({ step, value: own }));
            records.push(maker.trial(settings, '2026-01-01T00:00:00.000000'));
            for (const report of reports) records.push(maker.report(number, report));
            const states = ['complete', 'pruned', 'failed'] as const;
            const state = states[number % 3]!;
            const ended = {
              values: [last],
              attributes: { a: 1 },
              ...(state === 'failed' && { reason: 'why' }),
            };
            records.push(...maker.end(number, state, '2026-01-01T00:00:01.000000', ended));
            // What comes too late changes nothing.
            records.push(maker.report(number, { step: 99, value: 0 }));
            return { number, state, settings, reports, ...ended };
          });
          const found = replay(JSON.parse(JSON.stringify(records)), 'path')!;
          expect(found).toMatchObject({ name: 'name', directions: ['minimize'] });
          const trials = found.trials.map((trial) => ({
            ...trial,
            settings: inSpace(space, trial.settings),
          }));
          expect(trials).toMatchObject(JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });

  const study = { op_code: 0, worker_id: 'w', study_name: 's', directions: [1] };
  const trial = { op_code: 4, worker_id: 'w', study_id: 0, datetime_start: null };
  const cases: Record<string, [unknown[], RegExp]> = {
    'no object': [[3], /line 1: expected an object, given 3/],
    'a trial of no study': [[trial], /line 1: expected the study to be made first/],
    'two studies': [[study, study], /line 2: a second study/],
    'an unknown kind': [[study, trial, { op_code: 12, trial_id: 0 }], /line 3: unknown kind of record 12/],
    'an unknown trial': [[study, { op_code: 7, trial_id: 0 }], /line 2: there is no trial 0/],
    'an unknown state': [[study, trial, { op_code: 6, trial_id: 0, state: 9 }], /line 3: unknown state/],
    'no direction': [[{ ...study, directions: [] }], /line 1: unknown directions/],
    'a strange distribution': [
      [study, { ...trial, params: { x: 1 }, distributions: { x: '{' } }],
      /line 2: expected a distribution/,
    ],
    'a choice that is none': [
      [
        study,
        {
          ...trial,
          params: { x: 7 },
          distributions: { x: '{"name":"CategoricalDistribution","attributes":{"choices":[1]}}' },
        },
      ],
      /line 2: there is no choice 7/,
    ],
  };
  it.each(Object.entries(cases))('that hold %s are refused', (_, [records, message]) => {
    expect(() => replay(records, 'path')).toThrow(message);
    expect(() => replay(records, 'path')).toThrow(FormatError);
  });
});

it('a file that grows while it is read is read as far as it is whole', async () => {
  const path = join(root, 'growing');
  await writeFile(path, '{"a":1}\n');
  await appendFile(path, '{"b":');
  expect(await readJournal(path)).toEqual([{ a: 1 }]);
  await truncate(path, 0);
  expect(await readJournal(path)).toEqual([]);
});

it('a last line that is torn is cut off at its byte, after bytes that are no text', async () => {
  const path = join(root, 'no-text');
  const damaged = Buffer.from('{"a":"\xad"}\n', 'latin1');
  await writeFile(path, Buffer.concat([damaged, Buffer.from('{"b\n')]));
  const { journal, records } = await JournalFile.open(path);
  expect(records).toHaveLength(1);
  await journal.append([{ next: true }]);
  await journal.close();
  expect((await readJournal(path))[1]).toEqual({ next: true });
  expect((await readFile(path)).subarray(0, damaged.length)).toEqual(damaged);
});
