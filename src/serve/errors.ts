/** What a server answers when it does not predict, and with which status of HTTP. */
import { LanegradError } from '../base/errors.js';

/** What messages call a request's body. */
export const BODY = 'body';

/** A request that is refused before, or in place of, looking at its rows. */
export class RequestError extends LanegradError {
  static override readonly name: string = 'RequestError';

  readonly status: number;
  /** Headers that go with the status: of 405 which methods there are, of 503 when to come again. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    where: string,
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(where, message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** Tells a client to ask again, after so many seconds. */
export const RETRY = { 'retry-after': '1' } as const;

/** The error of what cannot be answered now, and may be soon. */
export function unavailable(where: string, message: string): RequestError {
  return new RequestError(where, 503, message, RETRY);
}

/** The status and the body of an answer that is an error. What is no fault of the rows says nothing of us. */
export function errorAnswer(error: unknown): {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
} {
  if (error instanceof RequestError) {
    return { status: error.status, headers: error.headers, body: bodyOf(error.name, error.message) };
  }
  // Whatever the library says of rows is for who sent them.
  if (error instanceof LanegradError) {
    return { status: 400, headers: {}, body: bodyOf(error.name, error.message) };
  }
  return { status: 500, headers: {}, body: bodyOf('Error', 'the server failed; its log says how') };
}

function bodyOf(name: string, message: string): string {
  return JSON.stringify({ error: { name, message } });
}
