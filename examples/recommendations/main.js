/** Who likes what, learned from a tenth of all ratings: two vectors whose product is a rating. */
import {
  adamW,
  add,
  createEngine,
  dataset,
  dot,
  fit,
  input,
  layer,
  network,
  parameter,
  predict,
  randomNormal,
  reshape,
  take,
} from 'lanegrad';

const [USERS, FILMS, TASTES] = [400, 200, 3];

/** Park and Miller's minimal standard, and from it a normal distribution (Box and Muller 1958). */
let state = 1;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
const vectors = (count) => Array.from({ length: count }, () => Array.from({ length: TASTES }, normal));

// The world: people have tastes, films have qualities, some people are strict, and a rating has its moods.
const [tastes, qualities] = [vectors(USERS), vectors(FILMS)];
const strictness = Array.from({ length: USERS }, () => 0.5 * normal());
const MOOD = 0.4;
const trueRating = (user, film) =>
  3 - strictness[user] + 0.5 * tastes[user].reduce((sum, taste, i) => sum + taste * qualities[film][i], 0);

const ratings = [];
for (let user = 0; user < USERS; user++) {
  for (let film = 0; film < FILMS; film++) {
    if (random() < 0.1) ratings.push({ user, film, rating: trueRating(user, film) + MOOD * normal() });
  }
}
const kept = (part) => ratings.filter((_, i) => (i % 10 === 0) === (part === 'test'));
const setOf = (rows) =>
  dataset({
    inputs: { user: rows.map(({ user }) => [user]), film: rows.map(({ film }) => [film]) },
    targets: rows.map(({ rating }) => rating),
  });

const mean = kept('train').reduce((sum, { rating }) => sum + rating, 0) / kept('train').length;

/** A row of a table for each number. */
const table = (name, count, width, begin) =>
  layer(name, (numbers) => take(parameter('rows', [count, width], begin), numbers));

const [user, film] = [input([1]), input([1])];
const match = dot(
  table('tastes', USERS, 8, randomNormal(0.1))(user),
  table('qualities', FILMS, 8, randomNormal(0.1))(film),
);
const usual = add(table('kindness', USERS, 1, 'zeros')(user), table('fame', FILMS, 1, 'zeros')(film));
// The mean is a number, not a parameter: weight decay would pull that to nothing as well.
const model = network({ user, film }, add(mean, add(match, reshape(usual, [1]))), { seed: 1 });

const engine = await createEngine();
const test = setOf(kept('test'));
const { epochs, best } = await fit(engine, model, setOf(kept('train')), {
  loss: 'meanSquaredError',
  optimizer: adamW({ learningRate: 0.01, weightDecay: 0.2 }),
  batchSize: 64,
  epochs: 120,
  validation: test,
  earlyStopping: { patience: 10 },
});
const root = (loss) => Math.sqrt(loss).toFixed(3);
const variance = kept('test').reduce((sum, { rating }) => sum + (rating - mean) ** 2, 0) / test.size;
console.log(`${ratings.length} ratings, one in ten kept apart; ${epochs.length} epochs`);
console.log(`error on those kept apart: ${root(best.value)}`);
console.log(`of the mean of all: ${root(variance)}; nobody can do better than the mood: ${MOOD}`);

const who = 7;
const known = new Set(ratings.filter((own) => own.user === who).map((own) => own.film));
const others = Array.from({ length: FILMS }, (_, number) => number).filter((number) => !known.has(number));
const foretold = predict(engine, model, { user: others.map(() => who), film: others });
const best5 = others
  .map((number, i) => [number, foretold[i]])
  .sort((a, b) => b[1] - a[1])
  .slice(0, 5);
console.log(`for user ${who}, among ${others.length} films not seen yet:`);
for (const [number, rating] of best5) {
  console.log(`  film ${number}: ${rating.toFixed(1)} expected, ${trueRating(who, number).toFixed(1)} true`);
}
engine.dispose();
