/** A page that is written on the server, with what a network says in it: no script in the browser. */
import { createServer } from 'node:http';
import { adamW, cosineDecay, createEngine, createPredictor, dataset, dense, fit, sequential } from 'lanegrad';

/** Minutes of a journey by kilometres, hour of the day and rain: a law with noise, learned when the server starts. */
const minutes = (kilometres, hour, rain) => {
  const rush = Math.exp(-(((hour - 8) / 1.5) ** 2)) + Math.exp(-(((hour - 17.5) / 2) ** 2));
  return 4 + kilometres * (1.6 + 1.3 * rush) * (rain ? 1.2 : 1);
};
let state = 11;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
// What goes in is brought near 1 by hand here; `prepareTable` does it for tables.
const row = (kilometres, hour, rain) => [kilometres / 15, hour / 12 - 1, rain ? 1 : 0];
const journeys = Array.from({ length: 5000 }, () => [30 * random(), 24 * random(), random() < 0.3]);
const set = dataset({
  inputs: journeys.map((journey) => row(...journey)),
  targets: journeys.map((journey) => (minutes(...journey) * (0.95 + 0.1 * random())) / 60),
});
const engine = await createEngine({ threads: 1 });
const model = sequential(
  3,
  [dense(32, { activation: 'silu' }), dense(32, { activation: 'silu' }), dense(1)],
  { seed: 1 },
);
await fit(engine, model, set, {
  loss: 'huber',
  optimizer: adamW({ learningRate: cosineDecay({ learningRate: 0.01 }) }),
  epochs: 60,
});
// Compiled once; each request costs a few microseconds of it.
const predictor = createPredictor(engine, model, { maxRows: 24 });

const number = (given, least, most, otherwise) => {
  const value = Number(given ?? otherwise);
  return value >= least && value <= most ? value : otherwise;
};

function page(query) {
  const kilometres = number(query.get('kilometres'), 1, 30, 12);
  const rain = query.get('rain') === 'on';
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const told = [...predictor.predict(hours.flatMap((hour) => row(kilometres, hour, rain)))].map(
    (share) => 60 * share,
  );
  const longest = Math.max(...told);
  const bars = told.map(
    (value, hour) =>
      `<tr><th scope="row">${String(hour).padStart(2, '0')}:00<td>${value.toFixed(0)} min` +
      `<td><div style="width:${((100 * value) / longest).toFixed(1)}%"></div>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>How long is the journey?</title><link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; }
  body { font: 17px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 640px; padding: 0 1rem; }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  td:last-child { width: 60%; } td:nth-child(2) { text-align: right; padding-right: 1rem; white-space: nowrap; }
  th { font-weight: normal; text-align: left; } div { background: #ea580c; height: 0.8em; border-radius: 3px; }
  input[type=number] { font: inherit; width: 5em; } button { font: inherit; }
</style>
<main>
<h1>How long is the journey?</h1>
<form>
  <label>Kilometres, 1 to 30: <input type="number" name="kilometres" min="1" max="30" step="any" value="${kilometres}"></label>
  <label><input type="checkbox" name="rain"${rain ? ' checked' : ''}> rain</label>
  <button>Ask</button>
</form>
<table>${bars.join('\n')}</table>
</main>
</html>`;
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (request.method !== 'GET' || pathname !== '/') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(searchParams));
});
server.on('error', ({ message }) => {
  console.error(`${message}; another port: node examples/server-rendered/main.js 8081`);
  process.exit(1);
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}/`),
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    predictor.dispose();
    engine.dispose();
  });
}
