/** What may be said on the command line, as data for scripts of shells: read from the commands themselves. */
import type { Command, Option } from 'commander';

/** What follows an option: nothing, one of some words, a path, or what nobody can guess. */
export type Follows = 'nothing' | readonly string[] | 'path' | 'anything';

export interface OptionWords {
  /** `--epochs`, and short forms. */
  readonly names: readonly string[];
  readonly about: string;
  readonly follows: Follows;
}

export interface CommandWords {
  /** `/sweep/resume`; empty for the program. */
  readonly at: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly OptionWords[];
  /** Words that may stand in place of a path, where there is an argument; undefined where there is none. */
  readonly words: readonly string[] | undefined;
}

/** Placeholders of options that take a path. */
const PATH = /[<[](file|folder|model|folders|path|module)\b/;

/** The program and its commands, and theirs. */
export function wordsOf(command: Command, at = ''): CommandWords[] {
  const commands = command.commands.filter((own) => own.name() !== 'help');
  const own: CommandWords = {
    at,
    commands: commands.map((sub) => ({
      name: sub.name(),
      about: firstLine(sub.summary() || sub.description()),
    })),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(optionWords),
      { names: ['--help', '-h'], about: 'display help for command', follows: 'nothing' },
    ],
    words: argumentWords(command),
  };
  return [own, ...commands.flatMap((sub) => wordsOf(sub, `${at}/${sub.name()}`))];
}

function optionWords({
  long,
  short,
  flags,
  description,
  argChoices,
  required,
  optional,
}: Option): OptionWords {
  const takes = required || optional;
  return {
    names: [long, short].filter((name) => name !== undefined && name !== null),
    about: firstLine(description),
    follows: !takes ? 'nothing' : (argChoices ?? (PATH.test(flags) ? 'path' : 'anything')),
  };
}

/** Choices of arguments, and the data set that has a name. */
function argumentWords({ registeredArguments: given }: Command): readonly string[] | undefined {
  if (given.length === 0) return undefined;
  const choices = given.flatMap(({ argChoices }) => argChoices ?? []);
  return given.some(({ description }) => /\bmnist\b/.test(description)) ? ['mnist', ...choices] : choices;
}

function firstLine(text: string): string {
  const [line] = text.split('\n');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
