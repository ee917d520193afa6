import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { launchChromium } from '/work/wt/d1docs/test/browser.js';
import { root, startServer } from '/work/wt/d1docs/test/web/server.js';

const dist = '/work/wt/d1docs/docs/.vitepress/dist';
const types: any = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const server = createServer(async (q, r) => {
  let p = decodeURIComponent(new URL(q.url!, 'http://x').pathname);
  if (p.endsWith('/')) p += 'index.html';
  try {
    const b = await readFile(join(dist, p));
    r.writeHead(200, { 'content-type': types[extname(p)] ?? 'application/octet-stream' }).end(b);
  } catch {
    r.writeHead(404).end();
  }
});
await new Promise<void>((r) => server.listen(0, r));
const origin = `http://127.0.0.1:${(server.address() as any).port}`;
const axe = await readFile('/work/wt/d1docs/node_modules/axe-core/axe.min.js', 'utf8');
const browser = await launchChromium();
const list = process.argv.slice(2);
for (const [w, h, scheme] of [
  [1280, 900, 'light'],
  [1280, 900, 'dark'],
  [390, 844, 'light'],
  [390, 844, 'dark'],
] as const) {
  const page = await browser.newPage({ viewport: { width: w, height: h }, colorScheme: scheme });
  const errors: string[] = [];
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') errors.push(m.text());
  });
  page.on('pageerror', (e) => errors.push(String(e)));
  for (const path of list) {
    await page.goto(origin + path, { waitUntil: 'networkidle' });
    await page.screenshot({ path: `/tmp/shot-${path.replace(/\W+/g, '_')}-${w}-${scheme}.png` });
    await page.addScriptTag({ content: axe });
    const res = await page.evaluate(async () => {
      const r = await (window as any).axe.run(document);
      return r.violations.map(
        (v: any) =>
          v.id +
          ' ' +
          v.impact +
          ': ' +
          v.nodes
            .slice(0, 3)
            .map((n: any) => n.target.join(' ') + ' | ' + (n.any[0]?.message ?? ''))
            .join(' ;; '),
      );
    });
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    console.log(w, scheme, path, 'overflow', over, JSON.stringify(res, null, 1), errors.splice(0).join('|'));
  }
  await page.close();
}
await browser.close();
server.close();
server.closeAllConnections();
