/** Lists of names whose places are codes that kernels take. The build reads them by way of constants.ts. */

/** Functions of one number: their places are the codes `op` of `strided_unary`. */
// biome-ignore format: a list of words
export const UNARY = [
  'copy', 'neg', 'abs', 'square', 'sqrt', 'rsqrt', 'reciprocal', 'sign', 'floor', 'ceil', 'round', 'exp', 'expm1', 'log', 'log1p',
  'sin', 'cos', 'erf', 'relu', 'sigmoid', 'tanh', 'leakyRelu', 'gelu', 'geluTanh', 'silu', 'softplus', 'elu', 'scale', 'fill',
] as const;

/** Functions of two numbers: their places are the codes `op` of `strided_binary`. */
// biome-ignore format: a list of words
export const BINARY = [
  'add', 'sub', 'mul', 'div', 'max', 'min', 'pow', 'less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual',
] as const;

/** What axes are reduced by: the places are the codes `op` of `strided_reduce`. */
export const REDUCTION = ['sum', 'max', 'min'] as const;
