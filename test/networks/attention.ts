/** Multi-head self-attention with a causal mask (Vaswani et al. 2017), of primitives. */
import {
  add,
  dense,
  div,
  flatten,
  input,
  layer,
  literal,
  matmul,
  network,
  parameter,
  reshape,
  softmax,
  transpose,
  type Value,
} from 'lanegrad';

/** Of x [rows, time, width]: each place looks at itself and at those before. */
export function attention(heads: number) {
  return layer('attention', (x) => {
    const [time, width] = x.shape.dims;
    const project = (name: string, value: Value) =>
      matmul(value, parameter(name, [width, width], 'glorotUniform'));
    const split = (value: Value) => transpose(reshape(value, [time, heads, width / heads]), [0, 2, 1, 3]);
    const [query, key, value] = ['query', 'key', 'value'].map((name) => split(project(name, x)));
    const later = Array.from({ length: time ** 2 }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0));
    const scores = div(matmul(query, transpose(key)), Math.sqrt(width / heads));
    const weights = softmax(add(scores, literal(later, [time, time])));
    const joined = reshape(transpose(matmul(weights, value), [0, 2, 1, 3]), [time, width]);
    return project('output', joined);
  });
}

export function transformer() {
  const x = input([5, 8]);
  const h = add(x, attention(2)(x));
  return { model: network(x, dense(3)(flatten(h)), { seed: 1 }), loss: 'softmaxCrossEntropy' as const };
}
