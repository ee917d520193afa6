/** A small ResNet (He et al. 2016): blocks with batch norm, the second of them with a stride. */
import { add, batchNorm, conv2d, dense, globalAvgPool, input, layer, network, relu } from 'lanegrad';

export function resnet() {
  const block = (channels: number, stride: number) =>
    layer('block', (x) => {
      const [first, second] = [stride, 1].map((own) =>
        conv2d(channels, 3, { padding: 1, stride: own, bias: false }),
      );
      const h = batchNorm()(second(relu(batchNorm()(first(x)))));
      const shortcut = stride === 1 ? x : conv2d(channels, 1, { stride, bias: false })(x);
      return relu(add(h, shortcut));
    });
  const image = input([6, 5, 3]);
  const h = block(6, 2)(block(4, 1)(conv2d(4, 3, { padding: 1 })(image)));
  return {
    model: network(image, dense(3)(globalAvgPool()(h)), { seed: 1 }),
    loss: 'softmaxCrossEntropy' as const,
  };
}
