/** Serves the page and the built library: node examples/curve-in-a-page/serve.js [port] */
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const root = new URL('../../', import.meta.url);
const here = '/examples/curve-in-a-page/';
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

try {
  await access(new URL('dist/script/lanegrad.js', root));
} catch {
  console.error('The library is not built: npm run build');
  process.exit(1);
}

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
server.on('error', ({ message }) => {
  console.error(`${message}; another port: node examples/curve-in-a-page/serve.js 8081`);
  process.exit(1);
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}${here}`);
});
