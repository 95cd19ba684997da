// A forward proxy for a browser that adds a visitor's headers to everything it sends, preflights included.
//
// Headers added inside the browser will not do: they are not on preflights, or make the page ask for leave to
// send them. It forwards to this machine only, whatever the host's name; a host that is not of this machine has
// no server here, and gets an empty page, which is all that an origin needs to be another one. TLS is refused.

import http from 'node:http';

const EMPTY_PAGE = '<!doctype html><title>page</title>';
const LOCAL = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+)$/;

// Starts a proxy that adds `headers` (an object) and calls `answered` with the status of each answer of a
// server, `failed` with each error of the network; gives its address.
export async function startAddingProxy(headers, answered, failed) {
  // A connection for each request: one that is kept may be closed by the server just as we use it again.
  const agent = new http.Agent({ keepAlive: false });
  const proxy = http.createServer((request, response) => {
    const url = URL.canParse(request.url) ? new URL(request.url) : null;
    if (!url || !LOCAL.test(url.hostname)) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(EMPTY_PAGE);
      return;
    }
    const { 'proxy-connection': _, ...own } = request.headers;
    const path = request.url.slice(request.url.indexOf(url.host) + url.host.length) || '/';
    const onward = http.request({
      agent, path, host: '127.0.0.1', port: url.port || 80, method: request.method, headers: { ...own, ...headers },
    });
    onward.on('response', (answer) => {
      answered(answer.statusCode);
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', (error) => {
      failed(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    request.pipe(onward);
  });
  // What a browser asks of its maker's servers, and pages over TLS.
  proxy.on('connect', (request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${proxy.address().port}`;
}
