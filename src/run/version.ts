/** The version of this package. Node only. */
import { readFileSync } from 'node:fs';

/** As package.json, which lies beside both `src` and `dist`, says. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
