/** What nine of ten values are below, and what one of ten is: a loss of one's own, on a layer of one's own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  adam,
  constant,
  cosineDecay,
  createEngine,
  dataset,
  dense,
  fit,
  layer,
  literal,
  maximum,
  mul,
  ownLoss,
  parameter,
  predict,
  sequential,
  sigmoid,
  sub,
  sum,
} from 'lanegrad';
import { gradcheck } from 'lanegrad/reference';

const QUANTILES = [0.1, 0.5, 0.9];

/** Swish with a steepness that each unit learns (Ramachandran, Zoph and Le 2017). */
const swish = (width) =>
  layer('swish', (x) => mul(x, sigmoid(mul(parameter('beta', [width], constant(1)), x))));

/** Koenker and Bassett 1978: too high costs 1 - q a unit, too low q. The best constant is the quantile. */
const quantileLoss = ownLoss(
  ({ output, target }) => {
    const below = sub(target, output);
    const q = literal(QUANTILES, [QUANTILES.length]);
    return sum(maximum(mul(q, below), mul(sub(q, 1), below)), { axis: 1 });
  },
  { name: 'quantiles' },
);

// A wave whose noise grows from left to right. Park and Miller's random numbers, Box and Muller's normal ones.
let state = 7;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const wave = (x) => Math.sin(3 * x);
const spread = (x) => 0.1 + 0.2 * (x + 1);
const xs = Float32Array.from({ length: 4000 }, () => 2 * random() - 1);
const ys = xs.map(
  (x) => wave(x) + spread(x) * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()),
);

const model = sequential(1, [dense(32), swish(32), dense(32), swish(32), dense(QUANTILES.length)], {
  seed: 1,
});
const checked = gradcheck(model, { loss: quantileLoss });
console.log(`gradients: ${checked.passed ? 'as finite differences have them' : 'wrong'}`);

const engine = await createEngine();
await fit(engine, model, dataset({ inputs: xs, targets: ys }), {
  loss: quantileLoss,
  optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.01 }) }),
  epochs: 60,
});

// Of a normal distribution one in ten is more than 1.2816 deviations above its mean.
const places = Float32Array.from({ length: 101 }, (_, i) => i / 50 - 1);
const bands = predict(engine, model, places);
const off = QUANTILES.map((_, q) => {
  const errors = [...places].map((x, i) =>
    Math.abs(bands[3 * i + q] - (wave(x) + (q - 1) * 1.2816 * spread(x))),
  );
  return errors.reduce((total, error) => total + error, 0) / errors.length;
});
for (const [i, q] of QUANTILES.entries())
  console.log(`quantile ${q}: off by ${off[i].toFixed(3)} in the mean`);
engine.dispose();

const out = process.argv[2] ?? 'runs/quantiles.svg';
const at = (x, y) => `${(450 + 430 * x).toFixed(1)},${(160 - 70 * y).toFixed(1)}`;
const edge = (q) => [...places].map((x, i) => at(x, bands[3 * i + q]));
const dots = [...xs].filter((_, i) => i % 4 === 0).map((x, i) => at(x, ys[4 * i]).split(','));
await mkdir(dirname(out), { recursive: true });
await writeFile(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 320">
<rect width="100%" height="100%" fill="#fff"/>
<polygon points="${[...edge(0), ...edge(2).reverse()].join(' ')}" fill="#fed7aa"/>
${dots.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="1.6" fill="#475569" opacity="0.5"/>`).join('')}
<polyline points="${edge(1).join(' ')}" fill="none" stroke="#c2410c" stroke-width="2"/>
</svg>\n`,
);
console.log(`written: ${out}`);
