/**
 * Scripts that complete the command line in bash, zsh and fish. Each finds the command by walking over the words
 * before the cursor, and then offers what may follow: commands, options, values of an option, or files.
 */
import type { CommandWords, Follows, OptionWords } from './completion-words.js';

const NAME = 'lanegrad';

/** In single quotes, in which bash and zsh take all characters but one as they are. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function namesOf(options: readonly OptionWords[]): string[] {
  return options.flatMap(({ names }) => names);
}

/** Options by what follows them, as patterns of `case`: `'/train --optimizer'|'/train -o'`. */
function casesOf(
  all: readonly CommandWords[],
  body: (follows: Exclude<Follows, 'nothing'>) => string,
): string {
  const patterns = new Map<string, string[]>();
  for (const { at, options } of all) {
    for (const { names, follows } of options) {
      if (follows === 'nothing') continue;
      const own = names.map((name) => quoted(`${at} ${name}`));
      const key = body(follows);
      patterns.set(key, [...(patterns.get(key) ?? []), ...own]);
    }
  }
  return [...patterns].map(([key, own]) => `    ${own.join('|')})\n      ${key} ;;`).join('\n');
}

/** The commands that there are, as a pattern of `case`. */
function placesOf(all: readonly CommandWords[]): string {
  return all.flatMap(({ at }) => (at === '' ? [] : [quoted(at)])).join('|');
}

/**
 * What bash and zsh read alike: finds the command by walking over the words from `first` up to the cursor, and offers
 * what may follow an option.
 */
function walkOf(
  all: readonly CommandWords[],
  { first, cursor, word, values }: { first: number; cursor: string; word: string; values: string },
): string {
  return `  for ((i = ${first}; i < ${cursor}; i++)); do
    word="${word}"
    case "$at/$word" in
    ${placesOf(all)}) at="$at/$word" ;;
    esac
  done
  case "$at $prev" in
${values}
  esac`;
}

export function bashScript(all: readonly CommandWords[]): string {
  const values = casesOf(all, (follows) => {
    // No files where a number or a name is asked for; older versions of bash cannot be told.
    if (follows === 'anything') return 'compopt +o default 2>/dev/null; return';
    if (follows === 'path') return 'return';
    return `COMPREPLY=($(compgen -W ${quoted(follows.join(' '))} -- "$cur")); return`;
  });
  const options = all.map(({ at, options: own }) => {
    return `    ${quoted(at)}) words=${quoted(namesOf(own).join(' '))} ;;`;
  });
  const words = all.map(({ at, commands, words: own }) => {
    const names = [...commands.map(({ name }) => name), ...(own ?? [])];
    const noFiles = own === undefined ? ' compopt +o default 2>/dev/null;' : '';
    return `    ${quoted(at)})${noFiles} words=${quoted(names.join(' '))} ;;`;
  });
  return `# Completion of ${NAME} in bash. For this shell: source <(${NAME} completion bash)
# For all that begin from now on: ${NAME} completion bash >> ~/.bash_completion
_${NAME}() {
  local cur prev at word words i
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  at=''
  COMPREPLY=()
${walkOf(all, { first: 1, cursor: 'COMP_CWORD', word: `\${COMP_WORDS[i]}`, values })}
  words=''
  if [[ "$cur" == -* ]]; then
    case "$at" in
${options.join('\n')}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  case "$at" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _${NAME} ${NAME}
`;
}

export function zshScript(all: readonly CommandWords[]): string {
  const item = (name: string, about: string) =>
    quoted(`${name}:${about.replaceAll('\\', '\\\\').replaceAll(':', '\\:')}`);
  const values = casesOf(all, (follows) => {
    if (follows === 'anything') return "_message 'a value'; return";
    if (follows === 'path') return '_files; return';
    return `compadd -- ${follows.map(quoted).join(' ')}; return`;
  });
  const options = all.map(({ at, options: own }) => {
    const items = own.flatMap(({ names, about }) => names.map((name) => item(name, about)));
    return `    ${quoted(at)}) items=(${items.join(' ')}) ;;`;
  });
  const commands = all.map(({ at, commands: own, words }) => {
    const items = [
      ...own.map(({ name, about }) => item(name, about)),
      ...(words ?? []).map((word) => item(word, '')),
    ];
    return `    ${quoted(at)}) items=(${items.join(' ')})${words ? '; files=1' : ''} ;;`;
  });
  return `#compdef ${NAME}
# Completion of ${NAME} in zsh. As a file named _${NAME} in a folder of $fpath, or for this shell:
# source <(${NAME} completion zsh)
_${NAME}() {
  local cur prev at word i files
  local -a items
  cur="$words[CURRENT]"
  prev="$words[CURRENT-1]"
  at=''
  files=0
${walkOf(all, { first: 2, cursor: 'CURRENT', word: '$words[i]', values })}
  if [[ "$cur" == -* ]]; then
    case "$at" in
${options.join('\n')}
    esac
    _describe -o option items
    return
  fi
  case "$at" in
${commands.join('\n')}
  esac
  (( $#items )) && _describe command items
  (( files )) && _files
}
if [[ "$funcstack[1]" == "_${NAME}" ]]; then
  _${NAME} "$@"
else
  compdef _${NAME} ${NAME}
fi
`;
}

export function fishScript(all: readonly CommandWords[]): string {
  // Within single quotes of fish, a backslash is written twice.
  const text = (own: string) => `'${own.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = all.flatMap(({ at, commands, options, words }) => {
    const begin = `complete -c ${NAME} -n ${text(`__${NAME}_at ${at === '' ? '/' : at}`)}`;
    return [
      ...commands.map(({ name, about }) => `${begin} -a ${name} -d ${text(about)}`),
      ...(words?.length ? [`${begin} -a ${text(words.join(' '))}`] : []),
      ...(words ? [`${begin} -F`] : []),
      ...options.map(({ names, about, follows }) => {
        const own = names.map((name) =>
          name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        const value =
          follows === 'nothing'
            ? ''
            : follows === 'path'
              ? ' -r -F'
              : follows === 'anything'
                ? ' -x'
                : ` -x -a ${text(follows.join(' '))}`;
        return `${begin} ${own.join(' ')}${value} -d ${text(about)}`;
      }),
    ];
  });
  return `# Completion of ${NAME} in fish: ${NAME} completion fish > ~/.config/fish/completions/${NAME}.fish
function __${NAME}_at
  set -l at ''
  set -l said (commandline -opc)
  for word in $said[2..-1]
    switch "$at/$word"
      case ${all.flatMap(({ at }) => (at === '' ? [] : [text(at)])).join(' ')}
        set at "$at/$word"
    end
  end
  test "$at" = (string replace -r '^/$' '' -- $argv[1])
end
complete -c ${NAME} -f
${lines.join('\n')}
`;
}
