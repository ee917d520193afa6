/** Loaded when a model is wanted as ONNX, which few ask for. */
export { writeOnnx } from 'lanegrad';
