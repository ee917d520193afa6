/** Progress counts tasks, and judges by those that have ended. */
import { describe, expect, it } from 'vitest';
import { Tracker } from '../../src/tasks/progress.js';

describe('progress', () => {
  it('counts, corrects and estimates', () => {
    const tracker = new Tracker();
    tracker.expect('a', 2, 1);
    tracker.expect('b', 3, 10);
    tracker.expect('b', 1, 4);
    tracker.begin('a', 'first');
    expect(tracker.overview()).toMatchObject({ done: 0, total: 3, running: ['first'] });
    tracker.end('a', 'first');
    tracker.end('a', 'found');
    expect(tracker.overview()).toMatchObject({ done: 2, total: 3, running: [] });
  });
});
