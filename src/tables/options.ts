/**
 * The options that are about tables, one entry each: how a file of delimited text is read, and what training
 * makes of its columns. From them come the command line's flags with their help, and the reader of
 * config.json.
 */
import { isStrings } from '../base/arrays.js';
import { flag, type Kind, number, oneOf, type Setting, text } from '../base/settings.js';
import { isComment, isDelimiter } from './csv-reading.js';
import type { ColumnType } from './decide.js';

const group = 'Tables:';

const TYPES: readonly ColumnType[] = ['number', 'category', 'boolean', 'date', 'drop'];

/** Of delimited text. Where a model is at hand, it remembers them: they are for files that differ. */
export const readingOptions = {
  delimiter: {
    kind: character('one character such as ;, or the word tab', isDelimiter, { tab: '\t', '\\t': '\t' }),
    about: 'between cells, or "tab"',
    group,
    otherwise: 'found out',
  },
  decimal: {
    kind: { ...oneOf(['.', ','], '<character>'), expected: 'a point or a comma' },
    about: 'of numbers; the other one may then group thousands',
    group,
    otherwise: 'the point, and no groups',
  },
  missing: {
    kind: marks(),
    about:
      'texts that stand for a missing value, in place of NA, ? and the like, such as "-,-999"; "" for none',
    group,
  },
  header: {
    kind: flag(),
    about: 'the first line holds the names, even if they are numbers',
    negated: 'the first line holds no names',
    group,
  },
  comment: {
    kind: character('one character such as #, and no letter, digit or quote', isComment),
    about: 'with which lines begin that are left out, such as #',
    group,
  },
} satisfies Record<string, Setting>;

export const tableOptions = {
  target: { kind: text('<column>'), about: 'the column to predict', group },
  task: {
    kind: oneOf(['classification', 'regression']),
    about: 'what the target is',
    group,
    otherwise: 'found out',
  },
  types: {
    kind: columnTypes(),
    about: `of columns whose type is not to be found out: ${TYPES.join(', ')}; may be repeated`,
    group,
  },
  dateOrder: {
    kind: oneOf(['dmy', 'mdy'], '<order>'),
    about: 'what comes first in dates such as 02/03/2024, where no date of the column tells it',
    group,
  },
  validation: { kind: part(), about: 'of the rows, in steps of 0.05', group, otherwise: '0.15' },
  test: { kind: part(), about: 'of the rows, in steps of 0.05', group, otherwise: '0.15' },
  sample: {
    kind: {
      ...number({ above: 0, max: 1 }, '<share>'),
      expected: 'a share above 0 and at most 1, such as 0.1',
    },
    about: 'of the rows that are taken at all, at random',
    group,
  },
  dropMissingTarget: { kind: flag(), about: 'leave out rows whose target is missing', group },
  ...readingOptions,
} satisfies Record<string, Setting>;

function character(
  expected: string,
  accepts: (value: string) => boolean,
  words: Readonly<Record<string, string>> = {},
): Kind<string> {
  const read = (json: unknown) => (typeof json === 'string' && accepts(json) ? json : undefined);
  const parse = (word: string) => (Object.hasOwn(words, word) ? words[word] : read(word));
  return { expected, placeholder: '<character>', read, parse };
}

/** An empty text names none; an empty cell is missing anyway. */
function marks(): Kind<readonly string[]> {
  return {
    expected: 'texts with commas between them',
    placeholder: '<marks>',
    read: (json) => (isStrings(json) ? json : undefined),
    parse: (words) =>
      words
        .split(',')
        .map((mark) => mark.trim())
        .filter((mark) => mark !== ''),
  };
}

/** A part of the rows: they are dealt out in twentieths. */
function part(): Kind<number> {
  const share = number({ min: 0, max: 0.9 }, '<share>');
  const isTwentieth = (value: number | undefined) =>
    value !== undefined && Math.abs(value * 20 - Math.round(value * 20)) < 1e-9 ? value : undefined;
  return {
    ...share,
    expected: 'a share from 0 to 0.9 in steps of 0.05, such as 0.2',
    parse: (word) => isTwentieth(share.parse(word)),
    read: (json) => isTwentieth(share.read(json)),
  };
}

type ColumnTypes = Readonly<Record<string, ColumnType>>;

function columnTypes(): Kind<ColumnTypes> {
  const isType = (type: unknown): type is ColumnType => TYPES.includes(type as ColumnType);
  return {
    expected: `column=type such as zip=category, of ${TYPES.join(', ')}`,
    placeholder: '<column=type,…>',
    read(json) {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
      return Object.values(json).every(isType) ? (json as ColumnTypes) : undefined;
    },
    parse(words, before = {}) {
      const types: Record<string, ColumnType> = { ...before };
      for (const word of words.split(',')) {
        const at = word.lastIndexOf('=');
        const type = word.slice(at + 1).trim();
        if (at < 1 || !isType(type)) return undefined;
        types[word.slice(0, at).trim()] = type;
      }
      return types;
    },
  };
}
