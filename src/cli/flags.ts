/** The flags of the command line, made of tables of settings; and what was given, read back from them. */
import { InvalidArgumentError, Option } from 'commander';
import { show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { flagOf, type Kind, type Setting, type SettingsTable } from '../base/settings.js';

/** A parser of one word. What does not fit is an error that says what was expected, and what is near. */
export function argument<T>(
  { expected, choices = [], parse }: Kind<T>,
  words: readonly string[] = [],
): (text: string, before?: T) => T {
  return (text, before) => {
    if (words.includes(text)) return text as T;
    const value = parse(text, before);
    if (value !== undefined) return value;
    const alternatives = words.map((word) => `, or ${word}`).join('');
    const name = text.replace(/:.*/s, '');
    const near = choices.includes(name) ? '' : didYouMean(name, choices) || elsewhere(name, choices);
    throw new InvalidArgumentError(`Expected ${expected}${alternatives}${near || '.'}`);
  };
}

/** What other libraries call what is called otherwise here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  bce: 'binaryCrossEntropy',
  crossentropy: 'softmaxCrossEntropy',
  categoricalcrossentropy: 'softmaxCrossEntropy',
  sparsecategoricalcrossentropy: 'softmaxCrossEntropy',
};

function elsewhere(name: string, choices: readonly string[]): string {
  const own = OTHER_NAMES[name.toLowerCase().replace(/[-_ ]/g, '')];
  return own !== undefined && choices.includes(own) ? `; did you mean ${show(own)}?` : '';
}

/**
 * A flag for each setting, and hidden ones for the names of earlier versions. With `defaults`, what is not
 * said has its fallback.
 */
export function flagsOf(table: SettingsTable, { defaults = false } = {}): Option[] {
  return Object.entries(table).flatMap(([key, setting]) => {
    const own = flagsOfSetting(flagOf(key), setting);
    if (defaults && setting.fallback !== undefined) {
      // Commander says itself what it takes when nothing is said.
      own[0].description = setting.about;
      own[0].default(setting.fallback, setting.otherwise);
    }
    const earlier = (setting.formerly ?? []).flatMap((name) => flagsOfSetting(flagOf(name), setting));
    return [...own, ...earlier.map((option) => option.hideHelp())].map((option) =>
      option.helpGroup(setting.group),
    );
  });
}

function flagsOfSetting(flag: string, { kind, fallback, negated, words, ...setting }: Setting): Option[] {
  const { placeholder, choices } = kind;
  const negative = flag.replace(/^--/, '--no-');
  if (placeholder === undefined) {
    if (fallback === true) return [new Option(negative, setting.about)];
    const both = negated === undefined ? [] : [new Option(negative, negated)];
    return [new Option(flag, setting.about), ...both];
  }
  const option = new Option(`${flag} ${placeholder}`, helpOf({ kind, fallback, ...setting }));
  if (choices) option.choices(choices);
  return [option.argParser(argument(kind, words))];
}

/** What it is for, and what it is when nothing is said. */
function helpOf({ about, otherwise, fallback }: Setting): string {
  const unsaid = otherwise ?? (fallback === undefined ? undefined : String(fallback));
  return unsaid === undefined ? about : `${about} (default: ${unsaid})`;
}

/** Those of a table's settings that were given, also under the names of earlier versions. */
export function givenOf<Table extends SettingsTable>(
  table: Table,
  options: object,
): Record<string, unknown> & { [Key in keyof Table]?: unknown } {
  const given = options as Readonly<Record<string, unknown>>;
  const values = Object.entries(table).map(([key, { formerly = [] }]) => {
    const name = [key, ...formerly].find((name) => given[name] !== undefined);
    return [key, name === undefined ? undefined : given[name]] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as never;
}

type Formats<Name extends string> = Readonly<Record<Name, { readonly options: SettingsTable }>>;

/** The flags of all formats' options: one that several have is listed once. */
export function flagsOfFormats(formats: Formats<string>): Option[] {
  return flagsOf(Object.assign({}, ...Object.values(formats).map(({ options }) => options)), {
    defaults: true,
  });
}

/** What was given that is no option of this format, and a format whose it is. */
export function othersThan<Name extends string>(
  own: Name,
  formats: Formats<Name>,
  options: object,
): { key: string; format: Name }[] {
  const given = options as Readonly<Record<string, unknown>>;
  return (Object.keys(formats) as Name[]).flatMap((format) =>
    Object.entries(formats[format].options)
      .filter(([key]) => !Object.hasOwn(formats[own].options, key))
      .filter(([key, { fallback }]) => given[key] !== undefined && given[key] !== fallback)
      .map(([key]) => ({ key, format })),
  );
}
