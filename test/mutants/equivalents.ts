/** Lines of kernels whose changes no test can notice, but for products and convolutions: see equivalent.ts. */
import type { Equivalent } from './equivalent.js';

const any = /./;

export const equivalents: readonly Equivalent[] = [
  {
    file: any,
    line: /^for \(; (n|K) >= (4|8|16|32); \1 -= \2\)/,
    change:
      /i32.ge_s -> i32.gt_s|const (4 -> i32.const 5|8 -> i32.const 9|16 -> i32.const 17|32 -> i32.const 33)$/,
    reason: 'The last whole turn then goes the way of what remains, whose arithmetic is the same.',
  },
  {
    file: any,
    line: /^for \((let )?. = [0M]; . (<|>) [M0]; . [+-]= (block|height|ROWS|SHORT_BLOCK)\)/,
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
    line: /\b(min|max)\(([^<>]*, )?‸[^<>?]*$|\bmin\(‸\w+, (\w+\); i > 0|PART\))/,
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
    file: /chain|reduce/,
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
    file: any,
    line: /\bmin\(‸\w[^,<>]*, (\d+|[A-Z_]+)\)/,
    change: /^i32.const (4 -> i32.const 5|64 -> i32.const 65|100 -> i32.const 101|512 -> i32.const 513)$/,
    reason: 'What the first is compared with: where it is the constant itself, either will do.',
  },
  {
    file: any,
    line: /\bmin\((4|MC|NC|KC|ROWS_ASIDE), ‸\w/,
    change:
      /^i32.const (4 -> i32.const 3|16 -> i32.const 15|100 -> i32.const 99|512 -> i32.const 511|256 -> i32.const 255)$/,
    reason: 'What the second is compared with: where it is the constant itself, either will do.',
  },
  {
    file: /pool|resample/,
    line: /^const end = (x|dy) \+ /,
    change: /const 1 -> i32.const 2|const 2 -> i32.const 1|i32.shl -> i32.shr_u/,
    reason: 'Fewer pixels are loaded as whole vectors, of which the lanes beyond `count` are not used.',
  },
  {
    file: /pool/,
    line: /^return distance % dilation == 0/,
    change: /const -1 -> i32.const -2/,
    reason: 'Any number below 0 says the same.',
  },
  {
    file: /pool/,
    line: /^if \(dilation == 1\) return distance/,
    change: /const 1 -> i32.const 0/,
    reason: 'What is divided by 1 is the same.',
  },
  {
    file: /pool/,
    line: /^return before > 0 \? \(before \+ stride - 1\) \/ stride : 0/,
    change: /i32.gt_s -> i32.ge_s/,
    reason: 'At 0 the quotient is 0.',
  },
  {
    file: /strided\/(composite|rows|double)/,
    line: /^for \(; n > 0; n -= (PART|8|4)\)/,
    change: /const 0 -> i32.const 1/,
    reason: 'n is a multiple of four.',
  },
  {
    file: /strided\/rows/,
    line: /^b \+= 32/,
    change: /const 32 -> i32.const 3[13]/,
    reason: 'Of functions of one number b is not read; of two a test notices.',
  },
  {
    file: /strided\/double/,
    line: /^const isOdd = isWhole && abs\(y\) < 16777216/,
    change: /f32.lt -> f32.le/,
    reason: 'That number is even.',
  },
  {
    file: /strided\/elementwise/,
    line: /^if \(op == UNARY_COPY && sy2 == 1 && sx2 != 1\)/,
    change: /const 1 -> i32.const 0/,
    reason: 'A copy one way or the other.',
  },
  {
    file: /strided\/elementwise/,
    line: /^let lastO: usize = 0, lastP: usize = 0, lastQ: usize = 0/,
    change: /const 0 -> i32.const 1/,
    reason: 'Neither is the address of an operand.',
  },
  {
    file: /strided\/elementwise/,
    line: /^nest\(y, /,
    change: /const 0 -> i32.const 1/,
    kernel: /strided_unary/,
    reason: 'Operands that are absent, which functions of one number do not read.',
  },
  {
    file: /strided\/reduce/,
    line: /^\} else if \(R0 == 1\)/,
    change: /const 1 -> i32.const 0/,
    reason: 'Blocks along two axes, of which one has one place, are the same.',
  },
  {
    file: /strided\/reduce/,
    line: /^if \(next == 4 && count == 4\)/,
    change: /const 4 -> i32.const 5/,
    reason: 'Four results side by side are gathered one by one, in the same order.',
  },
  {
    file: /embedding/,
    line: /^const last = <f32>\(K - 1\)/,
    change: /convert_i32_s -> f32.convert_i32_u/,
    reason: 'There is a category at least.',
  },
  {
    file: /norm|softmax|losses/,
    line: /f32x4\.extract_lane\((first|log4\(f32x4\.splat\(sum\)\)|shift), 0\)/,
    change: /lane 1$/,
    reason: 'All lanes hold the same.',
  },
  {
    file: /math/,
    line: /^result = v128\.bitselect\(result, v, f32x4\.lt\(v, at\(INFINITE\)\)\)/,
    change: /f32x4.lt -> f32x4.le/,
    kernel: /losses/,
    reason: 'The logarithm is asked of what is below infinity: 1 + e^-|x|, or a sum of at most N ones.',
  },
  {
    file: /strided\/stage/,
    line: /^v = v128\.load_lane<f32>\(p \+|^return v128\.load_lane<f32>\(p \+ 3|^v128\.store\(y, load_apart|^let v = v128\.load32_splat\(p\)|^x \+= 4 \* step|^y \+= 16/,
    kernel: /copy_plane/,
    reason:
      'What is left of a row that was copied in fours is less than four. Of whole rows, which go there too, a test notices.',
  },
  {
    file: any,
    line: /<f(32|64)>\(?(N|M|rows|count)\b/,
    change: /convert_i32_s -> f(32|64).convert_i32_u/,
    reason: 'Sizes are not negative.',
  },
];
