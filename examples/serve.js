/** Serves an example that is a page, and the built library: node examples/serve.js adapt-in-a-page [port] */
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const root = new URL('../', import.meta.url);
const [name = '', port = '8080'] = process.argv.slice(2);
const here = `/examples/${name}/`;
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

function stop(problem) {
  console.error(problem);
  process.exit(1);
}

if (!/^[\w-]+$/.test(name)) stop('expected the name of an example: node examples/serve.js adapt-in-a-page');
await access(new URL(`.${here}index.html`, root)).catch(() => stop(`${here.slice(1)} has no index.html`));
await access(new URL('dist/script/lanegrad.js', root)).catch(() =>
  stop('the library is not built: npm run build'),
);

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, root);
  if (pathname === '/') return response.writeHead(302, { location: here }).end();
  const path = pathname === here ? `${here}index.html` : pathname;
  try {
    if (!path.startsWith(here) && !path.startsWith('/dist/script/')) throw new Error('not served');
    const body = await readFile(new URL(`.${path}`, root));
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(body);
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file.');
  }
});
server.on('error', ({ message }) => stop(`${message}; another port: node examples/serve.js ${name} 8081`));
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}${here}`);
});
