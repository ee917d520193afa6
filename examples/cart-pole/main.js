/** A pole is balanced on a cart by a network that learns from its falls: policy gradient, on a game of thirty lines. */
import {
  adam,
  createEngine,
  createPredictor,
  dataset,
  dense,
  fit,
  logSoftmax,
  mul,
  neg,
  ownLoss,
  sequential,
  sum,
} from 'lanegrad';

/** Park and Miller's minimal standard: the same games at every run. */
let state = Number(process.argv[2] ?? 3) * 7919;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

/** Barto, Sutton and Anderson 1983; metres, kilograms, seconds, radians. */
class CartPole {
  constructor() {
    this.state = Float32Array.from({ length: 4 }, () => 0.1 * (random() - 0.5));
  }

  /** Pushes to the left (0) or right (1) for a fiftieth of a second; returns whether the pole still stands. */
  push(right) {
    const [gravity, cart, pole, half, force] = [9.8, 1, 0.1, 0.5, right ? 10 : -10];
    const [x, speed, angle, spin] = this.state;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const pushed = (force + pole * half * spin ** 2 * sin) / (cart + pole);
    const turning = (gravity * sin - cos * pushed) / (half * (4 / 3 - (pole * cos ** 2) / (cart + pole)));
    const moving = pushed - (pole * half * turning * cos) / (cart + pole);
    this.state.set([x + 0.02 * speed, speed + 0.02 * moving, angle + 0.02 * spin, spin + 0.02 * turning]);
    return Math.abs(this.state[0]) < 2.4 && Math.abs(this.state[2]) < 0.2095;
  }
}

const LONGEST = 500;
const GAMES = 10;

/** Of each push: how much better than usual what followed was, in the column of the side. */
const likelier = ownLoss(({ output, target }) => neg(sum(mul(target, logSoftmax(output)), { axis: 1 })), {
  link: 'softmax',
  name: 'policy gradient',
});

const engine = await createEngine();
const model = sequential(4, [dense(32, { activation: 'tanh' }), dense(2)], { seed: 1 });
const predictor = createPredictor(engine, model, { maxRows: 1, loss: likelier });

/** One game: the states seen, the pushes chosen by chance as the network likes them. */
function play() {
  const game = new CartPole();
  const [states, pushes] = [[], []];
  for (let standing = true; standing && states.length < LONGEST; ) {
    const [left] = predictor.predictProba(game.state);
    states.push(game.state.slice());
    pushes.push(random() < left ? 0 : 1);
    standing = game.push(pushes.at(-1));
  }
  return { states, pushes };
}

const began = performance.now();
let steps = 0;
let rounds = 0;
let mean = 0;
const optimizer = adam({ learningRate: 0.01 });
for (; rounds < 300; rounds++) {
  const games = Array.from({ length: GAMES }, play);
  mean = games.reduce((sum, { states }) => sum + states.length, 0) / GAMES;
  steps += mean * GAMES;
  if (rounds % 10 === 0) console.log(`round ${rounds}: ${mean.toFixed(0)} steps in the mean`);
  if (mean >= 475) break;
  // Williams 1992: what was done becomes likelier by how much better it went than usual. What counts for a push is
  // what came after it, later seconds less.
  const returns = games.map(({ states }) => {
    const own = new Array(states.length);
    for (let i = states.length - 1; i >= 0; i--) own[i] = 1 + 0.99 * (own[i + 1] ?? 0);
    return own;
  });
  const flat = returns.flat();
  const usual = flat.reduce((sum, value) => sum + value, 0) / flat.length;
  const spread = Math.sqrt(flat.reduce((sum, value) => sum + (value - usual) ** 2, 0) / flat.length) || 1;
  const pushes = games.flatMap((game) => game.pushes);
  const targets = pushes.map((push, i) => {
    const better = (flat[i] - usual) / spread;
    return push === 0 ? [better, 0] : [0, better];
  });
  const set = dataset({ inputs: games.flatMap((game) => game.states), targets });
  await fit(engine, model, set, {
    loss: likelier,
    optimizer,
    batchSize: 256,
    epochs: 1,
    seed: rounds,
    clipNorm: 1,
  });
}
const seconds = (performance.now() - began) / 1000;
console.log(`${rounds} rounds of ${GAMES} games: ${mean.toFixed(0)} of ${LONGEST} steps in the mean`);
console.log(
  `${Math.round(steps)} steps in ${seconds.toFixed(1)} s, ${Math.round(steps / seconds)} a second with learning`,
);

// Without chance: what it likes most.
const game = new CartPole();
let stood = 0;
while (stood < LONGEST && game.push(predictor.predictClasses(game.state)[0])) stood++;
console.log(`one game without chance: stood ${stood} steps`);
predictor.dispose();
engine.dispose();
