/** The address: which part of the page it names, and with what settings. `#playground?data=xor`. */

export const partNames = ['digits', 'playground', 'table', 'images'] as const;
export type PartName = (typeof partNames)[number];

export interface Route {
  readonly part: PartName;
  readonly query: URLSearchParams;
}

/** What each part is to the page around it. */
export interface Part {
  /** It is to be seen, now or again; `query` are the settings of the address. */
  show(query: URLSearchParams): void;
  /** Another part is to be seen: whatever works without being asked stands still. */
  hide(): void;
}

/** An address without a part is that of the digits; links of older versions have their settings behind `?`. */
export function readRoute({ hash, search }: Pick<Location, 'hash' | 'search'> = location): Route {
  const [name, query] = hash.slice(1).split('?', 2);
  const part = partNames.find((each) => each === name);
  if (part) return { part, query: new URLSearchParams(query ?? (part === 'digits' ? search : '')) };
  return { part: 'digits', query: new URLSearchParams(search) };
}

/** The address of a part with settings; those that are as usual are left out by whoever makes `query`. */
function addressOf(part: PartName, query: URLSearchParams): string {
  const text = query.toString();
  return `${location.origin}${location.pathname}#${part}${text ? `?${text}` : ''}`;
}

/** Shows it in the address bar, without a step in the history for each changed setting. */
export function writeRoute(part: PartName, query: URLSearchParams): void {
  history.replaceState(null, '', addressOf(part, query));
}

/** Puts the link on the clipboard; returns what to say about it. */
export async function copyLink(part: PartName, query: URLSearchParams, without: string): Promise<string> {
  const address = addressOf(part, query);
  writeRoute(part, query);
  try {
    await navigator.clipboard.writeText(address);
    return `The link is on the clipboard. It holds the settings${without}.`;
  } catch {
    return `The link, with the settings${without}: ${address}`;
  }
}
