/** `lanegrad completion`: a script with which a shell completes commands, options and their values. */
import { Argument, type Command } from 'commander';
import { bashScript, fishScript, zshScript } from './completion-shells.js';
import { wordsOf } from './completion-words.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

type Shell = keyof typeof scripts;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a script that completes commands and options in a shell')
    .description('Prints a script for bash, zsh or fish: commands, options, their values, and files.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .action((shell: Shell) => {
      process.stdout.write(scripts[shell](wordsOf(program)));
    })
    .addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  source <(lanegrad completion bash)                 # for this shell
  lanegrad completion bash >> ~/.bash_completion     # for all that begin from now on
  lanegrad completion zsh > ~/.zsh/_lanegrad         # a folder of $fpath
  lanegrad completion fish > ~/.config/fish/completions/lanegrad.fish`;
