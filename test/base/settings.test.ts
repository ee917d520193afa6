/** Kinds of settings: what words and JSON values they take, and what an entry of a table comes to. */
import { describe, expect, it, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import {
  choice,
  fallbacksOf,
  flag,
  flagOf,
  integer,
  type Kind,
  listOf,
  number,
  oneOf,
  readSettingValues,
  text,
  texts,
  widths,
} from '../../src/base/settings.js';
import { flagsOf, givenOf } from '../../src/cli/flags.js';

describe('a kind', () => {
  const losses = choice(['huber', 'square'], 'huber:delta=2', { quadratic: 'square' });

  it.each<[string, Kind<unknown>, string, unknown]>([
    ['number', number({ above: 0 }), '1e-3', 0.001],
    ['number', number({ above: 0 }), '.5', 0.5],
    ['integer', integer({ min: 1 }), '12', 12],
    ['text', text('<name>'), '', ''],
    ['oneOf', oneOf(['a', 'b']), 'b', 'b'],
    ['listOf', listOf(['a', 'b'], 'a'), 'b, a', ['b', 'a']],
    ['texts', texts('<t>', 'a'), '0.*, b', ['0.*', 'b']],
    ['widths', widths(), '300, 100', [300, 100]],
    ['widths', widths(), 'none', []],
    ['choice', losses, 'huber', 'huber'],
    ['choice', losses, 'huber:delta=2', { kind: 'huber', delta: 2 }],
    [
      'choice',
      losses,
      'huber:betas=0.9/0.99,on=true,how=linear',
      { kind: 'huber', betas: [0.9, 0.99], on: true, how: 'linear' },
    ],
    ['choice', losses, 'quadratic', 'square'],
    ['choice', losses, 'quadratic:a=1', { kind: 'square', a: 1 }],
  ])('%s: %j of the command line means what its JSON means', (_, kind, word, value) => {
    expect(kind.parse(word)).toEqual(value);
    expect(kind.read(JSON.parse(JSON.stringify(value)))).toEqual(value);
  });

  it.each<[string, Kind<unknown>, readonly string[], readonly unknown[]]>([
    [
      'number',
      number({ min: 0, below: 1 }),
      ['', ' ', '1', '-0.1', '0x1', 'NaN', 'Infinity', '1e999'],
      [1, Number.NaN, '0', null],
    ],
    ['integer', integer({ min: 1 }), ['0', '1.5', '1e400', '9007199254740993'], [0, 1.5, '1', true]],
    ['flag', flag(), ['true'], ['true', 1, null]],
    ['oneOf', oneOf(['a', 'b']), ['', 'c', 'toString'], ['c', null, ['a']]],
    ['listOf', listOf(['a', 'b'], 'a'), ['', 'a,c'], ['a', ['c'], {}]],
    ['texts', texts('<t>', 'a'), ['', 'a,', ','], ['a', [], [''], [1]]],
    ['widths', widths(), ['', '0', '3,', '3,x', '-1'], [[0], [1.5], 'none', 3]],
    [
      'choice',
      losses,
      ['', 'toString', 'huber:', 'huber:delta', 'huber:=2', 'huber:delta=', 'huber:kind=square', ':a=1'],
      [null, [], {}, { kind: 'x' }, { delta: 2 }, ['huber']],
    ],
  ])('%s takes nothing else', (_, kind, words, values) => {
    for (const word of words) expect(kind.parse(word), word).toBeUndefined();
    for (const value of values) expect(kind.read(value), String(value)).toBeUndefined();
  });
});

describe('a table', () => {
  const group = 'Options:';
  const table = {
    batchSize: { kind: integer({ min: 1 }), about: 'samples a step', group, fallback: 64 },
    averageDecay: { kind: number(), about: 'of an average', group, formerly: ['average'] },
    shuffle: { kind: flag(), about: 'in the order of the file', group, fallback: true },
    header: { kind: flag(), about: 'there are names', negated: 'there are none', group },
    rate: { kind: number({ above: 0 }), about: 'of a step', group, words: ['find'], otherwise: 'it depends' },
  };

  test('gives flags with help, hidden ones for earlier names, and what was given', () => {
    const flags = flagsOf(table);
    expect(flags.map(({ flags: own, hidden }) => [own, hidden])).toEqual([
      ['--batch-size <n>', false],
      ['--average-decay <number>', false],
      ['--average <number>', true],
      ['--no-shuffle', false],
      ['--header', false],
      ['--no-header', false],
      ['--rate <number>', false],
    ]);
    expect(flags[0].description).toBe('samples a step (default: 64)');
    expect(flags[6].description).toBe('of a step (default: it depends)');
    const parse = (i: number, word: string) => flags[i].parseArg!(word, undefined as never);
    expect(parse(6, 'find')).toBe('find');
    expect(() => parse(6, '0')).toThrow('Expected a number, greater than 0, or find.');
    expect(givenOf(table, { average: 0.9, batchSize: undefined, other: 1 })).toEqual({ averageDecay: 0.9 });
    expect(flagOf('batchSize')).toBe('--batch-size');
  });

  test('reads JSON by its own names and earlier ones, and refuses what is none', () => {
    expect(fallbacksOf(table)).toEqual({ batchSize: 64, shuffle: true });
    expect(readSettingValues('file', table, { average: 0.5, batchSize: 3, source: 'x' }, ['source'])).toEqual(
      {
        averageDecay: 0.5,
        batchSize: 3,
      },
    );
    const read = (given: unknown) => () => readSettingValues('file', table, given);
    expect(read({ batchSize: 0 })).toThrow(
      new OptionError('file', 'option batchSize: expected a whole number, at least 1, given 0'),
    );
    expect(read({ rate: 'find' })).toThrow('option rate: expected a number, greater than 0, given "find"');
    expect(read({ batchSise: 3 })).toThrow('unknown option "batchSise"');
    expect(read([])).toThrow(OptionError);
  });
});
