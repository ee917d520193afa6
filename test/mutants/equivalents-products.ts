/** Lines of products and convolutions whose changes no test can notice: see equivalent.ts. */
import type { Equivalent } from './equivalent.js';

export const equivalentsOfProducts: readonly Equivalent[] = [
  {
    file: /compressed|pool|norm-blocks/,
    line: /^for \(; (n \+ 8 <= to|c <= C - 8|n <= N - 8); . \+= 8\)/,
    change: /i32.le_s -> i32.lt_s|const 8 -> i32.const [79]/,
    reason: 'The last eight are done by four or one by one, or some twice, with the same result.',
  },
  {
    file: /sparse/,
    line: /left >= 24 && !span\) return 24|left >= 12 \|\| \(left > 4 && N >= 48\)|return left >= 4 \|\| N >= 16 \? 4 : 1/,
    change: /const \d+ -> i32.const|i32.(ge_s|gt_s|or|and) -> |^if -> not if/,
    reason: 'Columns are a multiple of four, and strips of any width give the same bits.',
  },
  {
    file: /gemm\/driver|gemm\/thin|conv\/depthwise/,
    line: /(start \? start \+ at|bias \? bias \+ at) : 0|^strip_[18]\(work, 0, /,
    change: /const 0 -> i32.const 1/,
    reason: 'Memory begins with zeros, and what is read there are zeros either way.',
  },
  {
    file: /gemm\/driver/,
    line: /^const (columns|depth) = |^if \(M (<= THIN_ROWS|== 3)|^if \(N < 32 |^return ASC_FEATURE_\w+ \? M & 1/,
    change: /const|i32.(gt_s -> i32.ge_s|le_s -> i32.lt_s|lt_s -> i32.le_s|eq -> i32.ne)|^if -> not if/,
    reason: 'Sizes of blocks, and which rows are done by another loop: each sum is the same chain.',
  },
  {
    file: /gemm\/pack|conv\/windows/,
    line: /^(if|else if) \(R == 6\)|^if \(n == 6\)|i \+ 2 == R|R > 5 \?|rows > 5 \?|^store<u64>\(|^dst \+= 24/,
    reason: 'Tiles of six rows are those of the fma binary.',
  },
  {
    file: /conv\/few/,
    line: /word\(geometry, O\) <= 8|LINE_COUNT|LINE_FLOATS/,
    change: /const|i32.le_s -> i32.lt_s/,
    reason: 'Which of two ways a convolution goes; both give the same sums.',
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
    reason: 'Fewer pixels, or as many, are done by four, to the same sums.',
  },
  {
    file: /conv\/depthwise/,
    line: /^const high = max\(low, min\(PW, .*‸/,
    change: /const 0 -> i32.const 1|const 1 -> i32.const 0|i32.add -> i32.sub|i32.lt_s -> i32.le_s/,
    reason: 'Fewer pixels, or as many, are done by four; of one column there are no four.',
  },
  {
    file: /conv\/depthwise/,
    line: /^if \(j >= low && j \+ 4 <= high\)/,
    change: /i32.ge_s -> i32.gt_s|i32.le_s -> i32.lt_s/,
    reason: 'Fewer pixels are done by four.',
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
    reason: 'Fewer blocks go the straight way, to the same panels.',
  },
  {
    file: /conv\/windows/,
    line: /^return a >= 0 \? a \/ b : /,
    change:
      /const 0 -> i32.const 1|i32.ge_s -> i32.gt_s|const 1 -> i32.const 0|i32.sub -> i32.add|i32.div_s -> i32.mul/,
    reason: 'Equal, or fewer columns are copied without a look at each.',
  },
  {
    file: /conv\/windows/,
    line: /^return a > 0 \? \(a \+ b - 1\) \/ b : /,
    change: /i32.gt_s -> i32.ge_s|const 1 -> i32.const 0|i32.sub -> i32.add|i32.div_s -> i32.mul/,
    reason: 'Equal, or fewer columns are copied without a look at each.',
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
    file: /gemm\/driver/,
    line: /^const (copies|direct) = /,
    change: /const (64|8) -> |i32.[gl]e_s -> i32.[gl]t_s/,
    reason: 'From how many columns or rows on another way is taken: each sum is the same chain.',
  },
  {
    file: /gemm\/tiles/,
    line: /^if \(!single\) count = \(nc - j\) \/ NR/,
    change: /^if -> not if|i32.eqz/,
    reason: 'Tiles side by side are made one by one, or at once.',
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
    file: /gemm\/tiles/,
    line: /^if \(wide && remaining > 12\) return 16/,
    change: /const 1[26] -> |i32.gt_s -> i32.ge_s/,
    kernel: /few_forward/,
    reason: 'There are at most eight columns.',
  },
  {
    file: /compressed/,
    line: /^if \(m % AHEAD == 0\) fetch|load<u8>\(p\);$/,
    change: /const 15 -> i32.const 14|i32.add -> i32.sub|load8_u -> i32.load8_s/,
    reason: 'What is fetched ahead, whose numbers nobody takes: other rows that are there, or fewer.',
  },
  {
    file: /compressed/,
    line: /<u64>step/,
    change: /i64.extend_i32_s -> i64.extend_i32_u/,
    reason: 'Steps are not negative.',
  },
  {
    file: /sparse/,
    line: /strip\(work \+ 64, bytes, 0, begin/,
    change: /const 0 -> i32.const 1/,
    kernel: /sparse_sgd/,
    reason: 'A gradient starts from the zeros that memory begins with, of which there are more.',
  },
  {
    file: /gemm\/driver/,
    line: /^return parts <= 1 \? size : /,
    change: /const 1 -> i32.const 2/,
    reason: 'Shorter parts, and then one more: each sum is the same chain.',
  },
  {
    file: /gemm\/driver/,
    line: /^let start = ‸ZEROS/,
    change: /const 0 -> i32.const 1/,
    reason: 'Memory begins with zeros, of which there are more than a tile is wide.',
  },
  {
    file: /gemm\/tiles/,
    line: /return remaining % ‸5 == 0/,
    change: /const 5 -> i32.const 6/,
    reason: 'Which rows a tile has: five whole ones where six remain.',
  },
  {
    file: /gemm\/thin/,
    line: /^const far = <i64>N \* depth|^const rows = far \?/,
    change: /const|i64.gt_s -> i64.ge_s/,
    reason: 'How many rows are summed up before the next: each sum is the same chain.',
  },
  {
    file: /gemm\/thin/,
    line: /^strips\(work, 0, /,
    change: /const 0 -> i32.const 1/,
    reason: 'Memory begins with zeros, and what is read there are zeros either way.',
  },
  {
    file: /gemm\/pack/,
    line: /^if \(count < R && \(R & 3\) == 0\)/,
    change: /const 3 -> i32.const 2/,
    reason: 'No panel of five rows has fewer (tile_rows), and the others are multiples of four.',
  },
  {
    file: /gemm\/pack/,
    line: /^store<f32>\(dst, (load<f32>\(p\)|0)\)|^for \(let [ik] = (0|count); [ik] < (K|count|R); [ik]\+\+\)|^let p = src|^p \+= stepI|^dst \+= 4|^src \+= stepK/,
    kernel: /pack_rows/,
    reason:
      'Panels with fewer elements than they have room for are multiples of four here, which goes another way.',
  },
];
