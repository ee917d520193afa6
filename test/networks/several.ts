/** Two inputs, an image and a row of numbers; two outputs, a class and a number, each with its loss. */
import { concat, dense, flatten, input, network } from 'lanegrad';

export function several() {
  const image = input([4, 4], { name: 'image' });
  const row = input([3], { name: 'row' });
  const seen = dense(6, { activation: 'relu' })(flatten(image));
  const all = dense(8, { activation: 'tanh' })(concat([seen, row]));
  const model = network({ image, row }, { kind: dense(3)(all), price: dense(1)(all) }, { seed: 1 });
  const loss = {
    kind: 'softmaxCrossEntropy',
    price: { loss: 'meanSquaredError', weight: 0.5 },
  } as const;
  return { model, loss };
}
