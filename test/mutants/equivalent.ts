/**
 * Mutants that compute the same as the kernels, whatever they are given: no test can notice them. Each entry
 * names lines of the kernels by their text, and which changes of them are meant; the reason is for a reader to
 * check. They are counted apart.
 */
import type { Mutant } from './mutants.js';

interface Equivalent {
  /** Of the file's path. */
  readonly file: RegExp;
  /** Of the line. */
  readonly line: RegExp;
  /** What is changed and into what, as `before -> after`; any change of the line unless given. */
  readonly change?: RegExp;
  /** The function that the line was inlined into; any unless given. */
  readonly kernel?: RegExp;
  readonly reason: string;
}

const any = /./;

const equivalents: readonly Equivalent[] = [
  {
    file: any,
    line: /^for \(; (n|K) >= (4|8|16|32); \1 -= \2\)/,
    change:
      /i32.ge_s -> i32.gt_s|const (4 -> i32.const 5|8 -> i32.const 9|16 -> i32.const 17|32 -> i32.const 33)$/,
    reason: 'The last whole turn then goes the way of what remains, whose arithmetic is the same.',
  },
  {
    file: /compressed|pool|norm-blocks/,
    line: /^for \(; (n \+ 8 <= to|c <= C - 8|n <= N - 8); . \+= 8\)/,
    change: /i32.le_s -> i32.lt_s|const 8 -> i32.const 7/,
    reason: 'The last eight are done by four, or some twice, with the same result.',
  },
  {
    file: any,
    line: /^for \((let )?. = [0M]; . (<|>) [M0]; . [+-]= (block|height)\)/,
    change: /i32.gt_s -> i32.ge_s|i32.lt_s -> i32.le_s/,
    reason: 'One turn more, of no rows.',
  },
  {
    file: /softmax/,
    line: /extract_lane\(f32x4\.(add|pmax)\(pairs, v128\.shuffle<f32>\(pairs, pairs, 1, 0, 3, 2\)\), 0\)/,
    change: /extract_lane 0 -> lane 1|^i8x16.shuffle .* 12 13 14 15$/,
    reason: 'All lanes hold the same by then, and one alone is taken.',
  },
  {
    file: /tail/,
    line: /count == 4 \? v128\.load\(p\) : load_once\(p, count\)|^if \(count == 4\) v128\.store\(p, v\)/,
    change: /const 4 -> i32.const [35]/,
    reason: 'What is called instead knows four as well.',
  },
  {
    file: /pool/,
    line: /count == 4 \|\| p \+ 16 <= end \? v128\.load\(p\) : load_tail/,
    change: /const 4 -> i32.const 5|const 16 -> i32.const 1[57]|i32.or -> i32.and|i32.le_u -> i32.lt_u/,
    reason: 'Four channels never end beyond the image, and lanes beyond `count` are not stored.',
  },
  {
    file: /pool/,
    line: /f32x4\.add\(f32x4\.add\(a\d, b\d\), f32x4\.add\(d\d, e\d\)\)/,
    change: /f32x4.add -> f32x4.sub/,
    reason:
      'The sum only says whether there is a NaN; where infinities make one, the careful way is gone, to the same result.',
  },
  {
    file: /sparse/,
    line: /const W = wide && left >= 96 && !span \? 24 : left >= 48 \? 12 : left >= 16 \? 4 : 1/,
    change: /const (96|48|16) -> i32.const|i32.ge_s -> i32.gt_s/,
    reason: 'Columns are a multiple of four, and strips of any width give the same bits.',
  },
  {
    file: /strided\/reduce/,
    line: /^if \(op == REDUCTION_SUM && sx1 == 1 && sy1 == 1 && R0 == 1 && D1 >= 4\) column_sums/,
    change: /const 1 -> i32.const [02]|const 4 -> i32.const [35]/,
    reason: 'Sums of columns one way or the other are the same chains.',
  },
  {
    file: /strided\/elementwise/,
    line: /^nest\(y, /,
    change: /const 1 -> i32.const/,
    reason: 'The stride of an operand that is absent: rows are then staged, to the same result.',
  },
  {
    file: /gemm\/driver|gemm\/thin|conv\/depthwise/,
    line: /(start \? start \+ at|bias \? bias \+ at) : 0/,
    change: /const 0 -> i32.const 1/,
    reason: 'Memory begins with zeros, and what is read there are zeros either way.',
  },
  {
    file: /gemm\/driver/,
    line: /^const (large|columns|height|depth) = |^if \(M > THIN_ROWS/,
    change: /const|i32.gt_s -> i32.ge_s/,
    reason: 'Sizes of blocks, and one row done by another loop: each sum is the same chain.',
  },
  {
    file: /gemm\/driver/,
    line: /^const add = long && k > 0/,
    change: /const 1 -> i32.const 2/,
    reason: 'A flag is any number but 0.',
  },
  {
    file: /gemm\/pack|conv\/windows/,
    line: /^(if|else if) \(R == 6\)|i \+ 2 == R|R > 5 \?|rows > 5 \?|^store<u64>\(|^dst \+= 24/,
    reason: 'Tiles of six rows are those of the fma binary.',
  },
  {
    file: /conv\/few/,
    line: /word\(geometry, O\) <= 8|LINE_COUNT|LINE_FLOATS/,
    change: /const|i32.le_s -> i32.lt_s/,
    reason: 'Which of two ways a convolution goes; both give the same sums.',
  },
  {
    file: /embedding/,
    line: /return v > 0 \? <usize>\(v < last \? <i32>v : K - 1\) : 0/,
    change: /f32.gt -> f32.ge|f32.lt -> f32.le/,
    reason: 'Where they are equal both give the same index.',
  },
  {
    file: /math/,
    line: /f32x4\.lt\(v, at\(SMALLEST\)\)/,
    change: /f32x4.lt -> f32x4.le/,
    reason: 'The smallest normal number, scaled or not, has the same mantissa and exponent.',
  },
  {
    file: /math/,
    line: /f32x4\.lt\(v, f32x4\.splat\(0\.0\)\)|at\(MINUS_INFINITE\), result|at\(SMALLEST\)/,
    kernel: /losses|softplus/,
    reason: 'The logarithm of 1 + e^-|x| is never asked of a number below 1.',
  },
  {
    file: any,
    line: /<f(32|64)>\(?(N|M|rows|count)\b/,
    change: /convert_i32_s -> f(32|64).convert_i32_u/,
    reason: 'Sizes are not negative.',
  },
];

/** Why a mutant is none; undefined for those that a test should notice. */
export function equivalence({ file, text, before, after, kernel }: Mutant): string | undefined {
  return equivalents.find(
    (own) =>
      own.file.test(file) &&
      own.line.test(text) &&
      (own.change?.test(`${before} -> ${after}`) ?? true) &&
      (own.kernel?.test(kernel) ?? true),
  )?.reason;
}
