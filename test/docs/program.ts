/** The command line's commands, as src/cli/main.ts puts them together, without running one. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const folder = fileURLToPath(new URL('../../src/cli/', import.meta.url));

/** Each file of src/cli may export a function `addX(program)`; main.ts says which there are, and their order. */
export async function createProgram(): Promise<Command> {
  const main = readFileSync(`${folder}main.ts`, 'utf8');
  const program = new Command('lanegrad');
  const adds = new Map<string, (program: Command) => void>();
  for (const [, name, file] of main.matchAll(
    /import \{[^}]*\b(add[A-Z]\w*)\b[^}]*\} from '\.\/([\w-]+)\.js'/g,
  )) {
    if (readdirSync(folder).includes(`${file}.ts`))
      adds.set(name, (await import(`../../src/cli/${file}.ts`))[name]);
  }
  const order = /for \(const add of \[(.*?)\]/s.exec(main)?.[1].match(/\w+/g) ?? [];
  for (const name of order) adds.get(name)!(program);
  return program;
}
