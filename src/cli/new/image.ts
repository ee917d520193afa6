/** The template `image`: a convolutional network learns pictures in a folder for each class. */
import { encodePng } from '../../report/png.js';
import { type Language, runner, type Template } from './project.js';

/** Pixels of a picture's side, and pictures of each class. */
const SIDE = 16;
const PICTURES = 60;

export async function imageTemplate(language: Language): Promise<Template> {
  const file = `train.${language}`;
  const { command, tools } = runner(language, file);
  const pictures: Record<string, Uint8Array> = {};
  for (const kind of ['disc', 'frame', 'cross'] as const) {
    for (let i = 0; i < PICTURES; i++) {
      const name = `pictures/${kind}/${String(i + 1).padStart(2, '0')}.png`;
      pictures[name] = await encodePng(drawn(kind, i), SIDE, SIDE);
    }
  }
  return {
    files: { [file]: SCRIPT, ...pictures },
    scripts: { start: command, serve: 'lanegrad serve model.safetensors' },
    tools,
    about: [
      'A convolutional network that learns pictures: a folder in `pictures` for each class, PNG or JPEG. The pictures',
      'are drawn; put your own in their place. `npm run serve` answers over HTTP, to a picture as the body.',
    ],
  };
}

/** A shape of another size, place and grey each time. */
function drawn(kind: 'disc' | 'frame' | 'cross', index: number): Uint8Array {
  const at = (salt: number, range: number) => (((index + 1) * 2654435761 * salt) >>> 7) % range;
  const [x, y, size] = [5 + at(3, 6), 5 + at(5, 6), 3 + at(7, 3)];
  const bright = 150 + at(11, 106);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [dx, dy] = [Math.abs((i % SIDE) - x), Math.abs(Math.floor(i / SIDE) - y)];
    const inside =
      kind === 'disc'
        ? dx * dx + dy * dy <= size * size
        : Math.max(dx, dy) <= size &&
          (kind === 'frame' ? Math.max(dx, dy) >= size - 1 : Math.min(dx, dy) <= 1);
    return (inside ? bright : 0) + (((i * 40503 + index * 977) >>> 4) % 40);
  });
}

const SCRIPT = `import { adam, conv2d, createEngine, dense, evaluate, fit, flatten, maxPool2d, sequential } from 'lanegrad';
import { loadImageFolder, saveModel } from 'lanegrad/node';

// A folder for each class. Pictures of other sizes are brought to this one; 3 channels keep their colours.
const [height, width, channels] = [${SIDE}, ${SIDE}, 1];
const { train, validation, test } = await loadImageFolder('pictures', { size: [height, width], channels: 1, seed: 1 });
console.log(\`\${train.size} pictures train, of \${train.classNames?.join(', ')}\`);

const engine = await createEngine();
const model = sequential(
  [height, width, channels],
  [
    conv2d(8, 3, { activation: 'relu' }),
    maxPool2d(2),
    conv2d(16, 3, { activation: 'relu' }),
    flatten(),
    dense(32, { activation: 'relu' }),
    dense(train.classes),
  ],
  { seed: 1 },
);

await fit(engine, model, train, {
  loss: 'softmaxCrossEntropy',
  optimizer: adam({ learningRate: 0.003 }),
  batchSize: 16,
  epochs: 20,
  ...(validation && { validation }),
  onEpoch: ({ epoch, loss }) => {
    if (epoch % 5 === 0) console.log(\`epoch \${epoch}  loss \${loss.toFixed(4)}\`);
  },
});

if (test) {
  const { accuracy } = await evaluate(engine, model, test);
  console.log(\`\${(100 * accuracy).toFixed(1)} % of \${test.size} test pictures right\`);
}

const { scale, offset, imageShape, classNames } = train;
await saveModel(model, 'model.safetensors', {
  input: { scale, offset, fit: 'cover', ...(imageShape && { imageShape }) },
  ...(classNames && { classNames }),
});
console.log('written to model.safetensors; npm run serve answers with it');
engine.dispose();
`;
