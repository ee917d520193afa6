/** An autoencoder whose way back has the weights of its way there, turned. */
import { add, input, layer, matmul, network, parameter, tanh, transpose } from 'lanegrad';

export function tied() {
  const autoencoder = layer('autoencoder', (x) => {
    const weight = parameter('weight', [6, 3], 'glorotUniform');
    const code = tanh(add(matmul(x, weight), parameter('inner', [3])));
    return add(matmul(code, transpose(weight)), parameter('outer', [6]));
  });
  const x = input([6]);
  return { model: network(x, autoencoder(x), { seed: 1 }), loss: 'meanSquaredError' as const };
}
