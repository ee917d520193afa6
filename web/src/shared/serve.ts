/** The worker's side of rpc.ts. */
import type { CallTable, Question, Reply } from './rpc.js';

export type Handlers<Calls extends CallTable> = {
  readonly [K in keyof Calls]: (given: Calls[K]['given']) => Calls[K]['gives'] | Promise<Calls[K]['gives']>;
};

/** A question may come while another one is still being answered. */
export function serve<Calls extends CallTable, News>(handlers: Handlers<Calls>): (news: News) => void {
  const post = (reply: Reply) => postMessage(reply);
  addEventListener('message', async ({ data: { id, name: call, given } }: MessageEvent<Question>) => {
    try {
      post({ kind: 'result', id, result: await handlers[call as keyof Calls](given) });
    } catch (error) {
      const { name, message } = error as Error;
      post({ kind: 'error', id, name, message });
    }
  });
  return (news) => post({ kind: 'news', news });
}
