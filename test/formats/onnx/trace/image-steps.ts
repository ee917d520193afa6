/** Steps of random graphs on images and rows of channels. */
import { float, floats, int, ints, text } from '../schema.js';
import { type Step, withDim } from './steps.js';

export const imageSteps: Readonly<Record<string, Step>> = {
  conv(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 3 || x.dims[3] < 3) return undefined;
    const weight = w.constant([4, x.dims[1], 3, 3]);
    const name = w.add(
      'Conv',
      [x.name, weight, ...(w.chance(0.5) ? [w.constant([4])] : [])],
      [ints('pads', [1, 1, 1, 1])],
    );
    return { ...x, name, dims: withDim(x, 1, 4) };
  },
  depthwise(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 3 || x.dims[3] < 3) return undefined;
    const weight = w.constant([x.dims[1], 1, 3, 3]);
    const attributes = [ints('pads', [1, 1, 1, 1]), int('group', x.dims[1])];
    return { ...x, name: w.add('Conv', [x.name, weight], attributes) };
  },
  convTranspose(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4) return undefined;
    const weight = w.constant([x.dims[1], 2, 2, 2]);
    const name = w.add('ConvTranspose', [x.name, weight, w.constant([2])], [ints('strides', [2, 2])]);
    return { ...x, name, dims: [x.dims[0], 2, 2 * x.dims[2], 2 * x.dims[3]] };
  },
  conv1d(w, x) {
    if (x.batch !== 0 || x.dims.length !== 3 || x.dims[2] < 2) return undefined;
    const name = w.add('Conv', [x.name, w.constant([4, x.dims[1], 2])], [ints('pads', [1, 0])]);
    return { ...x, name, dims: withDim(x, 1, 4) };
  },
  pool(w, x) {
    if (x.batch !== 0 || x.dims.length !== 4 || x.dims[2] < 2 || x.dims[3] < 2) return undefined;
    const attributes = [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])];
    const dims = x.dims.map((own, i) => (i > 1 ? Math.floor(own / 2) : own));
    return { ...x, name: w.add(w.pick(['MaxPool', 'AveragePool']), [x.name], attributes), dims };
  },
  globalPool(w, x) {
    if (x.batch !== 0 || x.dims.length < 3 || x.dims.length > 4) return undefined;
    const dims = x.dims.map((own, i) => (i > 1 ? 1 : own));
    return { ...x, name: w.add(w.pick(['GlobalMaxPool', 'GlobalAveragePool']), [x.name]), dims };
  },
  norm(w, x) {
    if (x.batch !== 0 || x.dims.length < 3 || x.dims.length > 4) return undefined;
    const C = x.dims[1];
    if (w.chance(0.5)) {
      const four = [0.5, -2, -2, 0.5].map((least) => w.constant([C], least));
      return { ...x, name: w.add('BatchNormalization', [x.name, ...four]) };
    }
    return {
      ...x,
      name: w.add(
        'InstanceNormalization',
        [x.name, w.constant([C], 0.5), w.constant([C])],
        [float('epsilon', 0.1)],
      ),
    };
  },
  groupNorm(w, x) {
    if (w.opset < 21 || x.batch !== 0 || x.dims.length < 3 || x.dims[1] % 2 !== 0) return undefined;
    const inputs = [x.name, w.constant([x.dims[1]], 0.5), w.constant([x.dims[1]])];
    const attributes = [int('num_groups', 2), float('epsilon', 0.1)];
    return { ...x, name: w.add('GroupNormalization', inputs, attributes) };
  },
  resize(w, x) {
    if (w.opset < 13 || x.batch !== 0 || x.dims.length !== 4) return undefined;
    const mode = w.pick(['nearest', 'nearest', 'linear', 'cubic']);
    const coordinates = w.pick(['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']);
    const to = x.dims.map((own, i) => (i < 2 ? own : w.pick([own, 2 * own, own + 1, Math.ceil(own / 2)])));
    const nearest = text(
      'nearest_mode',
      w.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']),
    );
    const attributes = [
      text('mode', mode),
      text('coordinate_transformation_mode', coordinates),
      ...(mode === 'nearest' ? [nearest] : []),
    ];
    const scales = to.map((own, i) => own / x.dims[i]);
    const c = w.name('c');
    w.constants.push(floats(c, [4], scales));
    return { ...x, name: w.add('Resize', [x.name, '', c], attributes), dims: to };
  },
};
