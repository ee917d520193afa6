/** The camera: asked for only when one presses its button, and let go of when the part is left. */
import { pixelsOf } from './pixels.js';

export class Camera {
  readonly #video: HTMLVideoElement;
  #stream: MediaStream | undefined;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  get on(): boolean {
    return this.#stream !== undefined;
  }

  /** Rejects with an error in words for people. */
  async start(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error('This page has no access to a camera: that needs https, or a page of this machine.');
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'user', width: { ideal: 640 } },
        audio: false,
      });
    } catch (error) {
      const { name, message } = error as Error;
      if (name === 'NotAllowedError') throw new Error('The camera was not allowed. Files work without one.');
      if (name === 'NotFoundError') throw new Error('There is no camera. Files work without one.');
      throw new Error(`The camera cannot be used: ${message}`);
    }
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  /** What it sees; undefined before the first picture. */
  look(): Uint8Array | undefined {
    const { videoWidth, videoHeight } = this.#video;
    return this.on && videoWidth > 0 ? pixelsOf(this.#video, videoWidth, videoHeight) : undefined;
  }
}
