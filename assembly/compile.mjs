/**
 * One thread of build.mjs: compiles a target of asconfig.json with asc, `options` of its command line added,
 * and says which files it looked for and what it wrote.
 */
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { main } from 'assemblyscript/asc';

/**
 * Keeps functions of these names from being inlined: inner loops have registers of their own, which Node 20
 * spills, at half the speed, where they are part of something larger. asc gives it its binaryen.
 */
class OutOfLine {
  afterCompile(module) {
    for (const names of ['*/tail/*_once', '*/micro/*', '*/thin/strip_8', '*/thin/thin_nt_2']) {
      this.binaryen.setPassArgument('no-inline', names);
      module.runPasses(['no-inline']);
    }
  }
}

parentPort.on('message', async ({ root, source, target, options = [] }) => {
  const read = new Set();
  const written = [];
  const args = [source, '--target', target, '--baseDir', root, '--noColors', ...options];
  const { error, stderr } = await main(args, {
    // A file that is not there counts too: once it is, another one is meant by the same import.
    readFile(name, baseDir) {
      const path = resolve(baseDir, name);
      read.add(relative(root, path).replaceAll('\\', '/'));
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return null;
      }
    },
    writeFile(name, content, baseDir) {
      written.push([relative(root, resolve(baseDir, name)).replaceAll('\\', '/'), content]);
    },
    listFiles: () => [],
    transforms: [OutOfLine],
  });
  parentPort.postMessage({
    read: [...read],
    written,
    problem: error ? `${error.message}\n${stderr}` : undefined,
  });
});
