/**
 * How far a classifier's probabilities can be relied on, and one number that makes them better: C. Guo et al.
 * 2017, "On Calibration of Modern Neural Networks". All in float64.
 */

/** Outputs [rows, classes] before softmax, row-major, and the class that each row has. */
export interface Answered {
  readonly logits: ArrayLike<number>;
  /** [rows] */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** [rows], how much each counts; 1 each by default. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** What a classifier is worth on rows whose classes are known. */
export interface Reliability {
  /** Share of right answers. */
  readonly accuracy: number;
  /** Mean of -ln p(the right class), in nats. */
  readonly loss: number;
  /** Expected calibration error: the mean distance of confidence and accuracy, over bins of confidence. */
  readonly calibrationError: number;
}

/** Bins of equal width, as in the paper. */
const BINS = 15;

/** The reliability of softmax(logits / temperature). */
export function reliabilityOf({ logits, labels, classes, weights }: Answered, temperature = 1): Reliability {
  const bins = Array.from({ length: BINS }, () => ({ weight: 0, confidence: 0, right: 0 }));
  let total = 0;
  let loss = 0;
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row] : 1;
    const at = row * classes;
    let best = 0;
    for (let i = 1; i < classes; i++) if (logits[at + i] > logits[at + best]) best = i;
    // The sum of e^(z - largest) is 1 / the largest probability.
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += Math.exp((logits[at + i] - logits[at + best]) / temperature);
    const confidence = 1 / sum;
    total += weight;
    loss += weight * (Math.log(sum) - (logits[at + labels[row]] - logits[at + best]) / temperature);
    // A bin has its upper end.
    const bin = bins[Math.max(0, Math.ceil(confidence * BINS) - 1)];
    bin.weight += weight;
    bin.confidence += weight * confidence;
    if (labels[row] === best) bin.right += weight;
  }
  return {
    accuracy: bins.reduce((all, { right }) => all + right, 0) / total,
    loss: loss / total,
    calibrationError: bins.reduce((all, own) => all + Math.abs(own.right - own.confidence), 0) / total,
  };
}

/** Temperatures that are looked among. */
const LOWEST = 1 / 20;
const HIGHEST = 20;

/**
 * The temperature T whose softmax(logits / T) has the smallest loss, by Newton's method on 1 / T, in which the
 * loss is convex; undefined where it has no minimum between 1/20 and 20: rows that are all right would have
 * every confidence grow without end.
 */
export function fitTemperature(answered: Answered): number | undefined {
  let [low, high] = [1 / HIGHEST, 1 / LOWEST];
  if (slopeAt(answered, low).slope >= 0 || slopeAt(answered, high).slope <= 0) return undefined;
  let inverse = 1;
  for (let turn = 0; turn < 100; turn++) {
    const { slope, curvature } = slopeAt(answered, inverse);
    if (slope > 0) high = inverse;
    else low = inverse;
    const newton = inverse - slope / curvature;
    // Where a step would leave what is left to search, half of it is left out.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    if (Math.abs(next - inverse) <= 1e-12 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

/**
 * The loss as a function of b = 1 / T: its slope Σ w (E[z] - z of the right class), E by the probabilities
 * softmax(b · z), and its curvature, which is the variance of z by these.
 */
function slopeAt({ logits, labels, classes, weights }: Answered, inverse: number) {
  let slope = 0;
  let curvature = 0;
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row] : 1;
    const at = row * classes;
    let largest = logits[at];
    for (let i = 1; i < classes; i++) largest = Math.max(largest, logits[at + i]);
    let [sum, first, second] = [0, 0, 0];
    for (let i = 0; i < classes; i++) {
      const z = logits[at + i] - largest;
      const share = Math.exp(inverse * z);
      sum += share;
      first += share * z;
      second += share * z * z;
    }
    const mean = first / sum;
    slope += weight * (mean - (logits[at + labels[row]] - largest));
    curvature += weight * (second / sum - mean * mean);
  }
  return { slope, curvature };
}
