/**
 * What the original assignment got wrong, as far as that is known, and what is right: texts and formulas, no
 * layout.
 */
import type { ExcerptName } from './excerpts.js';

export interface Topic {
  readonly id: 'dy' | 'descent' | 'jacobian' | 'batches' | 'experiments';
  readonly title: string;
  /** What the original does. Inline mathematics as `$…$`, here and below. */
  readonly original: string;
  readonly right: readonly string[];
  /** Display formulas in LaTeX. */
  readonly latex: readonly string[];
  /** Names of the derivations that it follows from. */
  readonly derivations: readonly string[];
  readonly code: readonly ExcerptName[];
}

/** Said of what is known to be wrong by name alone. */
const UNKNOWN =
  'is among what the original is known to have got wrong; how is not recorded, so only what is right stands here.';

export const topics: readonly Topic[] = [
  {
    id: 'dy',
    title: 'The gradient of the loss',
    original: 'Table 1 gives $\\mathrm{d}y$ as $-2$ in both entries.',
    right: [
      'The loss is $-\\ln y_c$ and depends on the output of the true class alone: the other entry is 0. The table’s own next row shows it as well. Softmax’s Jacobian turns two equal entries into zeros, because the outputs always add up to 1; the $\\mathrm{d}o$ of the table, which is right, follows from the right $\\mathrm{d}y$ only.',
    ],
    latex: [String.raw`\mathrm{d}y_i = \begin{cases} -\frac{1}{y_c} & i = c \\ 0 & i \neq c \end{cases}`],
    derivations: ['D1'],
    code: ['scalarLoss', 'tensorLoss', 'batchedLoss'],
  },
  {
    id: 'descent',
    title: 'Gradient descent',
    original:
      'Figure 4 updates $b_1$ and $b_2$ within the loop over the weights, only while $i$ is 0, and takes the size of its outer loop from w1[i] before there is an $i$.',
    right: [
      'Every parameter takes the same step once, whatever its shape. Here each array is walked by a loop of its own, over its own length, so that no bias depends on the index of a weight; the tensor forms pair each parameter with its gradient and call one kernel for each pair.',
    ],
    latex: [
      String.raw`\theta \leftarrow \theta - \eta \frac{\partial l}{\partial \theta}, \quad \theta \in \{ W, b, V, c \}`,
    ],
    derivations: ['D9'],
    code: ['scalarUpdate', 'scalarUpdateRows', 'scalarUpdateVector', 'tensorUpdate', 'batchedUpdate'],
  },
  {
    id: 'jacobian',
    title: 'Softmax backward, with tensors',
    original: 'The tensor backward pass of the original leaves out the Jacobian of softmax.',
    right: [
      'Every output depends on every logit, so the gradient must pass through the whole Jacobian, not through its diagonal and not past it. Its product with a gradient needs one dot product a row and never the matrix. Only where cross-entropy follows does it shrink to $y - t$, which the fused kernel computes at once.',
    ],
    latex: [
      String.raw`\mathrm{d}o_j = \sum_i \mathrm{d}y_i \, y_i (\delta_{ij} - y_j)`,
      String.raw`\mathrm{d}o = J^\top \mathrm{d}y = y \odot (\mathrm{d}y - (\mathrm{d}y \cdot y) \mathbf{1})`,
      String.raw`\mathrm{d}o = y - t \quad \text{(cross-entropy)}`,
    ],
    derivations: ['D3', 'D4', 'D5'],
    code: ['scalarSoftmax', 'tensorSoftmax', 'kernelSoftmax', 'kernelFused'],
  },
  {
    id: 'batches',
    title: 'Batches',
    original: `The treatment of batches ${UNKNOWN}`,
    right: [
      'The loss of a batch is the mean of its samples’ losses, and its gradient the mean of their gradients. The factor $1/B$ enters once, and every sum over the samples is plain: batches have it where the backward pass begins, the scalar loops in the step that follows. A product of matrices does the sum by itself; with one matrix a sample it is done afterwards.',
    ],
    latex: [
      String.raw`\mathrm{d}Y = -\frac{1}{B} \frac{T}{Y}`,
      String.raw`\mathrm{d}W_2 = \sum_{s=1}^{B} H_s^\top \mathrm{d}O_s`,
      String.raw`\mathrm{d}b_2 = \sum_{s=1}^{B} \mathrm{d}O_s`,
      String.raw`\mathrm{d}W_1 = \sum_{s=1}^{B} X_s^\top \mathrm{d}K_s`,
      String.raw`\mathrm{d}b_1 = \sum_{s=1}^{B} \mathrm{d}K_s`,
    ],
    derivations: ['D10', 'D11', 'D12'],
    code: ['scalarBatch', 'batchedLoss', 'batchedBackward', 'batchedSum'],
  },
  {
    id: 'experiments',
    title: 'Question 7',
    original: `Question 7 ${UNKNOWN}`,
    right: [
      'Settings are compared on validation images that no run trains on, and the test images are measured once, by the final network. A result is the mean over $S$ seeds with its standard deviation; of two settings one is called better only when their means are more than two standard errors of the difference apart. All forms train on the same samples from the same weights, and their losses are compared step by step.',
    ],
    latex: [
      String.raw`\bar{a} = \frac{1}{S} \sum_{s=1}^{S} a_s`,
      String.raw`\sigma_a^2 = \frac{1}{S - 1} \sum_{s=1}^{S} (a_s - \bar{a})^2`,
      String.raw`|\bar{a} - \bar{b}| > 2 \sqrt{\frac{\sigma_a^2}{S_a} + \frac{\sigma_b^2}{S_b}}`,
    ],
    derivations: [],
    code: ['spread', 'apart', 'bestPoint'],
  },
];
