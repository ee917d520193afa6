/**
 * Whole numbers of JSON that a double would round, such as identifiers of 18 digits: JSON.parse has no other
 * way to keep them.
 */

const LONG = /(?<![\w.+-])-?[1-9]\d{15,}(?![\w.+-]|\s*:)/g;

/**
 * A JSON text in which whole numbers of 16 digits and more are strings, but for those within strings, and
 * keys, which JSON.parse is to refuse.
 */
export function exactIntegers(json: string): string {
  let result = '';
  let copied = 0;
  let inString = false;
  let quote = json.indexOf('"');
  for (const { 0: digits, index } of json.matchAll(LONG)) {
    for (; quote >= 0 && quote < index; quote = json.indexOf('"', quote + 1)) {
      if (!inString || !isEscaped(json, quote)) inString = !inString;
    }
    if (inString) continue;
    result += `${json.slice(copied, index)}"${digits}"`;
    copied = index + digits.length;
  }
  return copied === 0 ? json : result + json.slice(copied);
}

/** Whether an odd number of backslashes is before a quote. */
function isEscaped(json: string, quote: number): boolean {
  let before = quote;
  while (json.charCodeAt(before - 1) === 0x5c) before--;
  return (quote - before) % 2 === 1;
}
