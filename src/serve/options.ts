/** The options of a server, one entry each: the command's flags and `serveModel` are made of them. */
import type { OptionReader } from '../base/options.js';
import { integer, type Kind, type Setting, type SettingValues, text } from '../base/settings.js';

const group = 'Serving:';

export const serveOptions = {
  host: {
    kind: address(),
    about: 'where it listens; 0.0.0.0 is every network that the machine is in',
    group,
    fallback: '127.0.0.1',
  },
  port: { kind: integer({ min: 0, max: 65_535 }), about: '0 takes a free one', group, fallback: 8080 },
  maxBody: {
    kind: integer({ min: 1, max: 2 ** 30 }, '<bytes>'),
    about: 'largest body of a request',
    group,
    fallback: 2 ** 22,
  },
  maxRows: {
    kind: integer({ min: 1, max: 1e6 }),
    about: 'most rows of a request',
    group,
    fallback: 1000,
  },
  queue: {
    kind: integer({ min: 1, max: 65_536 }),
    about: 'requests that may wait at once; others are told to come again (503)',
    group,
    fallback: 256,
  },
  requestSeconds: {
    kind: integer({ min: 1, max: 3600 }, '<seconds>'),
    about: 'within which a client has to send its request, and to take its answer',
    group,
    fallback: 30,
  },
  stopSeconds: {
    kind: integer({ min: 0, max: 3600 }, '<seconds>'),
    about: 'within which a server that is stopped finishes what it has accepted',
    group,
    fallback: 10,
  },
} satisfies Record<string, Setting>;

/** Without a text, Node would listen everywhere. */
function address(): Kind<string> {
  const read = (json: unknown) => (typeof json === 'string' && /^[\w.:%-]+$/.test(json) ? json : undefined);
  return { ...text('<address>'), expected: 'an address such as 127.0.0.1, or a name', read, parse: read };
}

/** The values of a server's options. */
export type ServeSettings = SettingValues<typeof serveOptions>;

const serveSettingKeys = Object.keys(serveOptions) as readonly (keyof ServeSettings)[];

/** Those that are given, and the fallbacks. Throws OptionError for a value that an option cannot have. */
export function readServeSettings(reader: OptionReader): ServeSettings {
  const entries = serveSettingKeys.map((key) => {
    const { kind, fallback } = serveOptions[key] as Setting;
    const accepts = (value: unknown): value is unknown => kind.read(value) !== undefined;
    return [key, reader.optional(key, kind.expected, accepts) ?? fallback];
  });
  return Object.fromEntries(entries) as ServeSettings;
}
