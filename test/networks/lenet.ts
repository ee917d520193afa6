/** LeNet-5 (LeCun et al. 1998) for small images: convolutions, pools, dense layers. */
import { avgPool2d, conv2d, dense, flatten, maxPool2d, sequential } from 'lanegrad';

export function lenet() {
  const layers = [
    conv2d(3, 3, { padding: 'same', activation: 'tanh' }),
    avgPool2d(2),
    conv2d(4, [2, 3], { activation: 'relu' }),
    maxPool2d(2),
    flatten(),
    dense(6, { activation: 'tanh' }),
    dense(3),
  ];
  return { model: sequential([8, 10, 2], layers, { seed: 1 }), loss: 'softmaxCrossEntropy' as const };
}
