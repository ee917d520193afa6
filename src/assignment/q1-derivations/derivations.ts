/**
 * Questions 1 and 2: the gradients, derived. The same formulas stand in docs/derivations.md; a test holds the
 * two together and checks every formula, by its name, against central finite differences.
 *
 * The LaTeX keeps to \frac, \sum, \partial, \ln, \sigma, \delta, \top, \odot, \cdot, \neq, \in, \times, \max,
 * \dots, \quad, \mathrm, \mathbb, \mathbf, \text, sub- and superscripts and one `cases` environment.
 */
import type { Derivation } from '../types.js';

const questionOne: readonly Derivation[] = [
  {
    name: 'D1',
    title: 'Cross-entropy',
    text: [
      'The target $t$ is one-hot: $t_c = 1$ for the true class $c$ and 0 for all others. Only one term of the sum remains, so the loss looks at a single output.',
      'It follows that all entries of the gradient are zero but the one at $c$. That one is at most $-1$: however right the network is, more probability at $c$ always helps.',
    ],
    latex: [
      String.raw`l = -\sum_i t_i \ln y_i = -\ln y_c`,
      String.raw`\frac{\partial l}{\partial y_i} = -\frac{t_i}{y_i} = \begin{cases} -\frac{1}{y_c} & i = c \\ 0 & i \neq c \end{cases}`,
    ],
  },
  {
    name: 'D2',
    title: 'Softmax',
    text: [
      'Softmax turns logits $o$ of any size into probabilities: positive, and of sum 1. A number $a$ that is added to all logits cancels. With $a = -\\max_i o_i$ no exponential exceeds 1, so none overflows; this is how every form here computes it.',
    ],
    latex: [
      String.raw`y_i = \frac{e^{o_i}}{\sum_k e^{o_k}} = \frac{e^{o_i + a}}{\sum_k e^{o_k + a}}`,
      String.raw`\sum_i y_i = 1`,
    ],
  },
  {
    name: 'D3',
    title: 'The Jacobian of softmax',
    text: [
      'Every output depends on every logit, through the sum $S = \\sum_k e^{o_k}$. The quotient rule gives one case for the diagonal, where the numerator depends on $o_j$, and one for the rest, where it does not.',
      'The Jacobian is symmetric, and each of its rows and columns adds up to 0, because the outputs always add up to 1.',
    ],
    latex: [
      String.raw`\frac{\partial y_i}{\partial o_i} = \frac{e^{o_i} S - e^{o_i} e^{o_i}}{S^2} = y_i (1 - y_i)`,
      String.raw`\frac{\partial y_i}{\partial o_j} = \frac{0 - e^{o_i} e^{o_j}}{S^2} = -y_i y_j \quad (i \neq j)`,
      String.raw`J_{ij} = \frac{\partial y_i}{\partial o_j} = y_i (\delta_{ij} - y_j)`,
    ],
  },
  {
    name: 'D4',
    title: 'Softmax and cross-entropy together',
    text: [
      'The chain rule sums over all outputs, but D1 leaves only row $c$ of the Jacobian. Its factor $y_c$ cancels the $1/y_c$ of the loss.',
      'When the loss is the cross-entropy of softmax, going through the Jacobian is therefore not needed: the logits’ gradient is the output minus the target. It is also the safer way, since the $1/y_c$ that cancels on paper overflows in floating point when $y_c$ is tiny.',
    ],
    latex: [
      String.raw`\frac{\partial l}{\partial o_j} = \sum_i \frac{\partial l}{\partial y_i} \frac{\partial y_i}{\partial o_j} = -\frac{1}{y_c} y_c (\delta_{cj} - y_j) = y_j - \delta_{cj}`,
      String.raw`\frac{\partial l}{\partial o} = y - t`,
    ],
  },
  {
    name: 'D5',
    title: 'Softmax under any other loss',
    text: [
      'When something else than cross-entropy follows the softmax (a squared error, a second layer as in attention, or several losses added up), $g = \\partial l / \\partial y$ is dense and nothing cancels: then the Jacobian is needed, but only its product with $g$.',
      'The sum over $i$ splits into two: the diagonal term, and a dot product that is the same for every $j$. So the product takes $O(n)$ operations and the $n \\times n$ matrix is never made. With $g$ from D1 it gives D4 again.',
    ],
    latex: [
      String.raw`\frac{\partial l}{\partial o_j} = \sum_i g_i y_i (\delta_{ij} - y_j) = y_j (g_j - \sum_i g_i y_i)`,
      String.raw`\frac{\partial l}{\partial o} = J^\top g = y \odot (g - (g \cdot y) \mathbf{1})`,
    ],
  },
  {
    name: 'D6',
    title: 'Sigmoid',
    text: [
      'The derivative can be written with the output alone, so that the backward pass need not keep $k$. It is largest, $1/4$, at $k = 0$ and vanishes on both sides.',
      'The sigmoid works on each element by itself: its Jacobian is diagonal, and its product with a gradient is an elementwise one.',
    ],
    latex: [
      String.raw`h = \sigma(k) = \frac{1}{1 + e^{-k}}`,
      String.raw`\frac{\partial h}{\partial k} = \frac{e^{-k}}{(1 + e^{-k})^2} = h (1 - h)`,
      String.raw`\frac{\partial l}{\partial k} = \frac{\partial l}{\partial h} \odot h \odot (1 - h)`,
    ],
  },
  {
    name: 'D7',
    title: 'Linear layer, number by number',
    text: [
      'The layer $z = xW + b$ has inputs $x_i$, outputs $z_j$, weights $W_{ij}$ from input $i$ to output $j$, and biases $b_j$. Weight $W_{ij}$ reaches the loss through $z_j$ only; input $x_i$ through all outputs, whose contributions add up.',
    ],
    latex: [
      String.raw`z_j = \sum_i x_i W_{ij} + b_j`,
      String.raw`\frac{\partial l}{\partial W_{ij}} = x_i \frac{\partial l}{\partial z_j}`,
      String.raw`\frac{\partial l}{\partial b_j} = \frac{\partial l}{\partial z_j}`,
      String.raw`\frac{\partial l}{\partial x_i} = \sum_j \frac{\partial l}{\partial z_j} W_{ij}`,
    ],
  },
];

const questionTwo: readonly Derivation[] = [
  {
    name: 'D8',
    title: 'Linear layer, vectors',
    text: [
      'Vectors are rows: $x$ is $1 \\times n$, $W$ is $n \\times m$, $b$ and $z$ are $1 \\times m$. A gradient has the shape of what it belongs to, which is a good check of each formula: an outer product for the weights, a product with the transposed weights for the input.',
    ],
    latex: [
      String.raw`z = x W + b, \quad x \in \mathbb{R}^{1 \times n}, \quad W \in \mathbb{R}^{n \times m}, \quad b, z \in \mathbb{R}^{1 \times m}`,
      String.raw`\frac{\partial l}{\partial W} = x^\top \frac{\partial l}{\partial z} \in \mathbb{R}^{n \times m}`,
      String.raw`\frac{\partial l}{\partial b} = \frac{\partial l}{\partial z} \in \mathbb{R}^{1 \times m}`,
      String.raw`\frac{\partial l}{\partial x} = \frac{\partial l}{\partial z} W^\top \in \mathbb{R}^{1 \times n}`,
    ],
  },
  {
    name: 'D9',
    title: 'The whole network, vectors',
    text: [
      'Two linear layers with a sigmoid between them and softmax at the end: $k = xW + b$, $h = \\sigma(k)$, $o = hV + c$, $y = \\mathrm{softmax}(o)$, $l = -\\ln y_c$. The backward pass reads D4 (or D5), D8, D6 and D8 again, from the loss to the inputs. In the tables $\\mathrm{d}k$ is short for $\\partial l / \\partial k$; $\\mathrm{d}W_1$ and $\\mathrm{d}b_1$ belong to $W$ and $b$, $\\mathrm{d}W_2$ and $\\mathrm{d}b_2$ to $V$ and $c$.',
    ],
    latex: [
      String.raw`\mathrm{d}o = y - t, \quad \mathrm{d}b_2 = \mathrm{d}o, \quad \mathrm{d}W_2 = h^\top \mathrm{d}o`,
      String.raw`\mathrm{d}h = \mathrm{d}o V^\top, \quad \mathrm{d}k = \mathrm{d}h \odot h \odot (1 - h)`,
      String.raw`\mathrm{d}b_1 = \mathrm{d}k, \quad \mathrm{d}W_1 = x^\top \mathrm{d}k`,
    ],
  },
  {
    name: 'D10',
    title: 'Softmax and cross-entropy, batches',
    text: [
      'A batch of $B$ samples stacks their rows: $X$ is $B \\times n$, $O$, $Y$ and the targets $T$ are $B \\times m$. Softmax works row by row. The loss $L$ is the mean over the samples, and its factor $1/B$ enters once, at the start of the backward pass; every gradient after it is then that of the mean loss.',
    ],
    latex: [
      String.raw`L = \frac{1}{B} \sum_{s=1}^{B} l_s = -\frac{1}{B} \sum_{s=1}^{B} \sum_i T_{si} \ln Y_{si}`,
      String.raw`\frac{\partial L}{\partial Y} = -\frac{1}{B} \frac{T}{Y} \in \mathbb{R}^{B \times m} \quad \text{(elementwise)}`,
      String.raw`\frac{\partial L}{\partial O} = \frac{1}{B} (Y - T) \in \mathbb{R}^{B \times m}`,
    ],
  },
  {
    name: 'D11',
    title: 'Linear layer, batches',
    text: [
      'With $Z = XW + \\mathbf{1}b$ ($\\mathbf{1}$ is a column of $B$ ones: every row gets the same bias) the sum over the samples is done by the matrix product itself: row $s$ of $X$ meets row $s$ of $\\partial L / \\partial Z$. The bias collects the sum of the rows. The sigmoid stays elementwise as in D6.',
    ],
    latex: [
      String.raw`Z = X W + \mathbf{1} b, \quad X \in \mathbb{R}^{B \times n}, \quad Z \in \mathbb{R}^{B \times m}`,
      String.raw`\frac{\partial L}{\partial W} = X^\top \frac{\partial L}{\partial Z} \in \mathbb{R}^{n \times m}`,
      String.raw`\frac{\partial L}{\partial b} = \mathbf{1}^\top \frac{\partial L}{\partial Z} = \sum_{s=1}^{B} \frac{\partial L}{\partial Z_s} \in \mathbb{R}^{1 \times m}`,
      String.raw`\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Z} W^\top \in \mathbb{R}^{B \times n}`,
    ],
  },
  {
    name: 'D12',
    title: 'A batch as 3-tensor',
    text: [
      'Seen as $B$ matrices of one row each, $X$ has the shape $B \\times 1 \\times n$ and the batched product leaves one gradient for each sample, a 3-tensor $G$ of shape $B \\times n \\times m$. Its sum over the first axis is D11. Since $\\partial L / \\partial Z_s$ is $1/B$ times the single sample’s gradient, the sum is the average of the gradients that the single samples have on their own.',
    ],
    latex: [
      String.raw`G_s = X_s^\top \frac{\partial L}{\partial Z_s} = \frac{1}{B} \frac{\partial l_s}{\partial W} \in \mathbb{R}^{n \times m}, \quad s = 1, \dots, B`,
      String.raw`\frac{\partial L}{\partial W} = \sum_{s=1}^{B} G_s = \frac{1}{B} \sum_{s=1}^{B} \frac{\partial l_s}{\partial W}`,
    ],
  },
];

/** Every formula of questions 1 and 2, in the order in which one builds on the other. */
export const derivations: readonly Derivation[] = [...questionOne, ...questionTwo];
