/**
 * Mutants that compute the same as the kernels, whatever they are given: no test can notice them. Each entry
 * names lines of the kernels by their text, and which changes of them are meant; the reason is for a reader to
 * check. They are counted apart.
 */
import type { Mutant } from './mutants.js';

interface Equivalent {
  /** Of the file's path. */
  readonly file: RegExp;
  /** Of the line; with ‸, which then stands before what is changed, where the expression has one. */
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
    line: /\b(min|max)\(([^<>]*, )?‸[^<>?]*$/,
    change: /^i32.[gl][te]_([su]) -> i32.[gl][te]_\1$/,
    reason: 'The smaller, or the larger, of two that are equal is either.',
  },
  {
    file: any,
    line: /^let v = v128\.load_lane<f32>\(p, fill, 0\)/,
    change: /^v128.const/,
    reason: 'The first lane is loaded.',
  },
  {
    file: /chain/,
    line: /promote_low_f32x4\(v128\.shuffle<f64>\(v, v, 1, 0\)\)/,
    change: /-> 8 9 10 11 12 13 14 15 0 1 2 3 0 1 2 3$/,
    reason: 'Two lanes are taken, and the last is none of them.',
  },
  {
    file: /softmax/,
    line: /^const pairs = f32x4\.(add|pmax)\(v, v128\.shuffle<f64>\(v, v, 1, 0\)\)/,
    change: /-> 8 9 10 11 12 13 14 15 0 1 2 3 0 1 2 3$/,
    reason: 'The last lane of the pairs goes into lanes that are not taken.',
  },
  {
    file: /norm/,
    line: /^const count = min\((N - )?n, 4\)|^(low|high) = none|^const first = f32x4\.div\(joined|^const r = load_once\(rstd|^let low = f64x2/,
    change: /^v128.const 0x00000000 0x00000000 0x00000000 0x00000000 -> 0x3f800000 /,
    reason: 'A denormal of float64, which any sum of float32 but 0 swallows, and which is 0 as float32.',
  },
  {
    file: /norm/,
    line: /^const variance: f32 = \(spread < 0 \? 0 : spread\)/,
    change: /f32.lt -> f32.le/,
    reason: 'Nothing is nothing.',
  },
  {
    file: /norm/,
    line: /^const mu: f32 = f32x4\.extract_lane\(first, 0\)/,
    change: /lane 1$/,
    reason: 'All lanes hold the same.',
  },
  {
    file: /norm/,
    line: /^for \(let m = M; m > 0; m -= (block|ROWS|SHORT_BLOCK)\)/,
    change: /i32.gt_s -> i32.ge_s/,
    reason: 'One turn more, of no rows.',
  },
  {
    file: /norm/,
    line: /^for \((let n = 0)?; n < N; n \+= 4\)/,
    change: /const 4 -> i32.const 3/,
    kernel: /block_|layer_norm_parameters/,
    reason: 'Columns are done twice: what is read is not written.',
  },
  {
    file: /pool|resample/,
    line: /^for \((let c = 0)?; c < C; c \+= 4\)/,
    change: /const 4 -> i32.const 3/,
    reason: 'Channels are done twice, with the same result.',
  },
  {
    file: /pool/,
    line: /^for \(; c < C; c \+= 4\)/,
    change: /i32.gt_s -> i32.ge_s/,
    reason: 'The last four channels, at least four here, are done again.',
  },
  {
    file: /pool|resample/,
    line: /\bc \+ 4 > C \? max\(C - 4, 0\) : c/,
    change: /const 4 -> i32.const 5|i32.gt_s -> i32.ge_s/,
    reason: 'A last vector that is whole begins at c either way.',
  },
  {
    file: /pool/,
    line: /narrow_i16x8_u\(halves, halves\)/,
    change: /lane 1$/,
    reason: 'Both halves are the same.',
  },
  {
    file: /pool/,
    line: /^if \(v128\.any_true\(v128\.or\(f32x4\.ne\(sum0, sum0\), f32x4\.ne\(sum1, sum1\)\)\)\)/,
    change: /f32x4.ne -> f32x4.eq/,
    reason: 'The careful way comes to the same.',
  },
  {
    file: /pool/,
    line: /word\(geometry, (KH|DH|CHANNELS|OH)\)|^2 \* word/,
    change: /i32.ge_s -> i32.gt_s|const 1 -> i32.const [02]|const 4 -> i32.const 5/,
    kernel: /max_pool_forward/,
    reason: 'Windows side by side go the way of all, to the same values and places; no dilation is 0.',
  },
  {
    file: /geometry/,
    line: /^return start >= 0 \? 0 : min/,
    change: /const 0 -> i32.const 1|i32.ge_s -> i32.gt_s/,
    reason: 'At 0 the quotient is 0.',
  },
  {
    file: /conv\/blocks/,
    line: /^const most = min\(MC, end - m\)|^return PW < 8 \|\| channels > 4 \? most/,
    reason: 'How many pixels a block has changes no sum.',
  },
  {
    file: /conv\/few/,
    line: /^const (weights|starts|b) = /,
    change: /^i32.const (\d+) -> i32.const \d+$/,
    reason: 'Where they lie in a scratch space that has room between them.',
  },
  {
    file: /conv\/few/,
    line: /word\(geometry, C\) == 1 && word\(geometry, SW\) == 1 && word\(geometry, DW\) == 1/,
    change: /const 1 -> i32.const 0/,
    reason: 'No size is 0: no convolution is one of these, and the other way gives the same sums.',
  },
  {
    file: /conv\/depthwise/,
    line: /^for \(; c \+ 8 <= C; c \+= 8\)/,
    change: /const 8 -> i32.const 9|i32.le_s -> i32.lt_s/,
    reason: 'The last eight channels are done by four.',
  },
  {
    file: /conv\/depthwise/,
    line: /^const low = min\(PW, .*‸/,
    change:
      /const 1 -> i32.const 0|const 0 -> i32.const 1|i32.sub -> i32.add|i32.div_s -> i32.mul|i32.lt_s -> i32.le_s/,
    reason: 'Less pixels, or as many, are done by four, to the same sums.',
  },
  {
    file: /conv\/depthwise/,
    line: /^const high = max\(low, min\(PW, .*‸/,
    change: /const 0 -> i32.const 1|const 1 -> i32.const 0|i32.add -> i32.sub|i32.lt_s -> i32.le_s/,
    reason: 'Less pixels, or as many, are done by four; of one column there are no four.',
  },
  {
    file: /conv\/depthwise/,
    line: /^if \(j >= low && j \+ 4 <= high\)/,
    change: /i32.ge_s -> i32.gt_s|i32.le_s -> i32.lt_s/,
    reason: 'Less pixels are done by four.',
  },
  {
    file: /conv\/depthwise/,
    line: /^const height = max\(0, /,
    change: /const 0 -> i32.const 1/,
    reason: 'The difference is never below 0.',
  },
  {
    file: /conv\/windows/,
    line: /^const p4 = R > 4 \? run_of/,
    change: /const 4 -> i32.const 3|i32.gt_s -> i32.ge_s/,
    reason: 'A fifth row is looked for that a panel of four does not take.',
  },
  {
    file: /conv\/windows/,
    line: /^const p\d = rows > \d \? line_of/,
    change:
      /i32.gt_s -> i32.ge_s|const 4 -> i32.const 3|const 3 -> i32.const 2|const 2 -> i32.const 1|const 1 -> i32.const 0/,
    reason: 'Of a row that is missing any numbers will do: its products are not kept.',
  },
  {
    file: /conv\/windows/,
    line: /^if \(rows < R\) memory\.fill\(to, 0/,
    change:
      /i32.lt_s -> i32.le_s|if -> not if|const 0 -> i32.const 1|i32.mul -> i32.add|const 2 -> i32.const 1|i32.shl -> i32.shr_u/,
    reason: 'Of rows that are missing any numbers will do: their products are not kept.',
  },
  {
    file: /conv\/windows/,
    line: /^const straight = /,
    change: /i32.le_s -> i32.lt_s|const 1 -> i32.const 0|const 1536 -> i32.const 1535|i32.sub -> i32.add/,
    reason: 'Less blocks go the straight way, to the same panels.',
  },
  {
    file: /conv\/windows/,
    line: /^return a >= 0 \? a \/ b : /,
    change:
      /const 0 -> i32.const 1|i32.ge_s -> i32.gt_s|const 1 -> i32.const 0|i32.sub -> i32.add|i32.div_s -> i32.mul/,
    reason: 'Equal, or less columns are copied without a look at each.',
  },
  {
    file: /conv\/windows/,
    line: /^return a > 0 \? \(a \+ b - 1\) \/ b : /,
    change: /i32.gt_s -> i32.ge_s|const 1 -> i32.const 0|i32.sub -> i32.add|i32.div_s -> i32.mul/,
    reason: 'Equal, or less columns are copied without a look at each.',
  },
  {
    file: /conv\/windows/,
    line: /^if \((inside && x|start|ix) >= 0 && .*\) return at/,
    change: /i32.ge_s -> i32.gt_s|i32.le_s -> i32.lt_s|const 0 -> i32.const 1/,
    reason: 'More is put together aside, of the same numbers.',
  },
  {
    file: /conv\/windows/,
    line: /^for \(; q \+ 4 <= end; q \+= 4\)/,
    change: /i32.le_s -> i32.lt_s/,
    reason: 'The last four are copied one by one.',
  },
  {
    file: /conv\/windows/,
    line: /^if \(end <= from\) return work \+ ZERO_RUN/,
    change: /i32.(ge|le)_s -> i32.(gt|lt)_s/,
    reason: 'A run of zeros is put together in place of that of zeros.',
  },
  {
    file: /conv\/windows/,
    line: /^if \(whole && pitch == 1 && strideX == 1 && PW <= KC\)/,
    change: /const 256 -> i32.const 255|i32.le_s -> i32.lt_s|const 1 -> i32.const 0/,
    reason: 'Both ways give the same panels.',
  },
  {
    file: /conv\/windows/,
    line: /^if \(step == 4 && rows == R\)/,
    change: /const 4 -> i32.const [35]/,
    reason: 'Rows that overlap are packed one way or the other; steps are multiples of four.',
  },
  {
    file: /conv\/|gemm\//,
    line: /(micro|splat)_\dx\d+_across\(c, row, start, startRow, a, b, K, 1, 0, 0\)|row_of_splat\(.*, R, 1, 0, 0\)/,
    change: /const 0 -> i32.const 1/,
    reason: 'Where the next tile would begin, of one that is alone.',
  },
  {
    file: /gemm\/driver/,
    line: /^const (copies|direct|depth|columns|wide|pack) = |^if \(!single\) count|^if \(!pack\) count|^return NR == (16|8) \|\|/,
    reason: 'Which tiles there are, how many at once, and whether from panels: each sum is the same chain.',
  },
  {
    file: any,
    line: /\bmin\(‸\w[^,<>]*, (\d+|[A-Z_]+)\)/,
    change: /^i32.const (4 -> i32.const 5|64 -> i32.const 65|100 -> i32.const 101|512 -> i32.const 513)$/,
    reason: 'What the first is compared with: where it is the constant itself, either will do.',
  },
  {
    file: any,
    line: /\bmin\((4|MC|NC|KC), ‸\w/,
    change: /^i32.const (4 -> i32.const 3|100 -> i32.const 99|512 -> i32.const 511|256 -> i32.const 255)$/,
    reason: 'What the second is compared with: where it is the constant itself, either will do.',
  },
  {
    file: /pool|resample/,
    line: /^const end = (x|dy) \+ /,
    change: /const 1 -> i32.const 2|const 2 -> i32.const 1|i32.shl -> i32.shr_u/,
    reason: 'Fewer pixels are loaded as whole vectors, of which the lanes beyond `count` are not used.',
  },
  {
    file: /conv\/windows/,
    line: /^for \(let q: usize = 0; q < <usize>n << 2; q \+= 16\)/,
    change: /const 16 -> i32.const 15/,
    reason: 'Zeros over zeros, and no further.',
  },
  {
    file: /conv\/image/,
    line: /^for \(; n \+ 4 <= <usize>nc; n \+= 4\)/,
    change: /i32.le_u -> i32.lt_u/,
    reason: 'The last four are copied one by one.',
  },
  {
    file: /conv\/(driver|image)/,
    line: /^const depth = long \? CHAIN_BLOCK : KC/,
    change: /const 256 -> i32.const 255/,
    reason: 'Where no sum is long, each is the same chain in blocks of any length.',
  },
  {
    file: /gemm\/driver/,
    line: /^if \(wide && remaining > 12\) return 16/,
    change: /const 1[26] -> |i32.gt_s -> i32.ge_s/,
    kernel: /few_forward/,
    reason: 'There are at most eight columns.',
  },
  {
    file: /conv\/windows/,
    line: /^if \(n == 6\)|^store<u64>\(out, load<u64>\(from, 16\), 16\)/,
    reason: 'Tiles of six rows are those of the fma binary.',
  },
  {
    file: /pool/,
    line: /^return distance % dilation == 0/,
    change: /const -1 -> i32.const -2/,
    reason: 'Any number below 0 says the same.',
  },
  {
    file: /compressed|pool|norm-blocks/,
    line: /^for \(; (n \+ 8 <= to|c <= C - 8|n <= N - 8); . \+= 8\)/,
    change: /const 8 -> i32.const 9/,
    reason: 'The last eight are done one by one, or by four.',
  },
  {
    file: /compressed/,
    line: /^if \(m % AHEAD == 0\) fetch|load<u8>\(p\);$/,
    change: /const 15 -> i32.const 14|i32.add -> i32.sub|load8_u -> i32.load8_s/,
    reason: 'What is fetched ahead, whose numbers nobody takes: other rows that are there, or less.',
  },
  {
    file: /compressed/,
    line: /<u64>step/,
    change: /i64.extend_i32_s -> i64.extend_i32_u/,
    reason: 'Steps are not negative.',
  },
  {
    file: /sparse/,
    line: /v128\.load\(start, 32\) : |^let a0 = W > 0 \? v128\.load\(start\)|strip_\d+\(work \+ 64, bytes, 0, 0, begin/,
    change: /offset=0 -> offset=4|const 32 -> i32.const 33|const 0 -> i32.const 1/,
    kernel: /sparse_sgd/,
    reason: 'A gradient starts from the zeros that memory begins with, of which there are more.',
  },
  {
    file: /sparse/,
    line: /\bmin\(ROWS_ASIDE, ‸\w/,
    change: /const 16 -> i32.const 15/,
    reason: 'What the second is compared with: where it is the constant itself, either will do.',
  },
  {
    file: any,
    line: /<f(32|64)>\(?(N|M|rows|count)\b/,
    change: /convert_i32_s -> f(32|64).convert_i32_u/,
    reason: 'Sizes are not negative.',
  },
];

/** Why a mutant is none; undefined for those that a test should notice. */
export function equivalence({ file, text, marked, before, after, kernel }: Mutant): string | undefined {
  return equivalents.find(
    (own) =>
      own.file.test(file) &&
      own.line.test(own.line.source.includes('‸') ? marked : text) &&
      (own.change?.test(`${before} -> ${after}`) ?? true) &&
      (own.kernel?.test(kernel) ?? true),
  )?.reason;
}
