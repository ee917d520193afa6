/** The template `table`: a column of a table is learnt from the others, of a file of the user's or of one that is made up. */
import { type Language, runner, type Template } from './project.js';

/** A table that the user has. */
export interface GivenTable {
  /** Its name in the project. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly target: string;
}

export function tableTemplate(language: Language, given: GivenTable | undefined): Template {
  const file = `train.${language}`;
  const { command, tools } = runner(language, file);
  const table = given ?? { file: 'flowers.csv', bytes: flowers(), target: 'kind' };
  return {
    files: { [file]: script(table.file, table.target), [table.file]: table.bytes },
    scripts: {
      start: command,
      predict: `lanegrad predict model.safetensors ${shellWord(table.file)}`,
      serve: 'lanegrad serve model.safetensors',
    },
    tools,
    about: [
      `A network that learns the column \`${table.target}\` of \`${table.file}\` from the others. \`npm run predict\` writes predictions`,
      'for a table as CSV, `npm run serve` answers over HTTP.',
    ],
  };
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `"${text.replace(/(["\\$`])/g, '\\$1')}"`;
}

const script = (
  file: string,
  target: string,
) => `import { adam, createEngine, evaluate, fit } from 'lanegrad';
import { openTableFile, saveModel } from 'lanegrad/node';
import { prepareTable, tableModel } from 'lanegrad/tables';

// What is in each column is found out; what becomes of it is in \`preparation\`, which goes into the model's file.
const table = await openTableFile(${JSON.stringify(file)});
const { train, validation, test, preparation, summary } = await prepareTable(table, {
  target: ${JSON.stringify(target)},
  seed: 1,
});
for (const { name, kind, about } of summary.columns) console.log(\`\${name}: \${kind}  \${about}\`);

const engine = await createEngine();
const model = tableModel(preparation, { hidden: [32], seed: 1 });
const isClass = preparation.target.kind === 'classification';

await fit(engine, model, train, {
  loss: isClass ? 'softmaxCrossEntropy' : 'meanSquaredError',
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 16,
  epochs: 100,
  ...(validation && { validation, earlyStopping: { patience: 10 } }),
  onEpoch: ({ epoch, loss }) => {
    if (epoch % 10 === 0) console.log(\`epoch \${epoch}  loss \${loss.toFixed(4)}\`);
  },
});

if (test) {
  const { loss, accuracy } = await evaluate(engine, model, test);
  console.log(isClass ? \`\${(100 * accuracy).toFixed(1)} % of \${test.size} test rows right\` : \`test loss \${loss.toFixed(4)}\`);
}

await saveModel(model, 'model.safetensors', { table: preparation });
console.log('written to model.safetensors; npm run serve answers with it');
engine.dispose();
`;

/** Flowers of two kinds that nobody has measured. */
function flowers(): Uint8Array {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const isRose = i % 5 < 2;
    const length = (isRose ? 5 : 3.6) + ((i * 37) % 101) / 50;
    const colour = isRose ? ['red', 'white', 'pink'][i % 3] : ['red', 'yellow', 'white', 'yellow'][i % 4];
    return `${length.toFixed(2)},${colour},${i % 4 === 0 ? 'yes' : 'no'},${isRose ? 'rose' : 'tulip'}`;
  });
  return new TextEncoder().encode(`length,colour,wild,kind\n${rows.join('\n')}\n`);
}
