// A forward proxy for a browser that adds a visitor's headers to everything it sends, preflights included.
//
// Headers added inside the browser will not do: they are not on preflights, or make the page ask for leave to
// send them. Whatever the host's name, it forwards to this machine, so that any site can be one of the lab's;
// hosts that the plan does not name, as those of the browser's maker, are refused, and so is TLS.

import http from 'node:http';

const EMPTY_PAGE = '<!doctype html><title>page</title>';

// Starts a proxy and gives its address. It adds `headers` (an object), answers `emptyPages` (a set of URLs) by
// itself, forwards to `hosts` (a set of "name:port"), and calls `answered` with the status of each answer of a
// server, `failed` with each error of the network.
export async function startAddingProxy({ headers, emptyPages, hosts, answered, failed }) {
  // A connection for each request: one that is kept may be closed by the server just as we use it again.
  const agent = new http.Agent({ keepAlive: false });
  const proxy = http.createServer((request, response) => {
    if (emptyPages.has(request.url)) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(EMPTY_PAGE);
      return;
    }
    const url = URL.canParse(request.url) ? new URL(request.url) : null;
    if (!hosts.has(url?.host)) {
      response.writeHead(502).end();
      return;
    }
    const { 'proxy-connection': _, ...own } = request.headers;
    const onward = http.request({
      agent,
      host: '127.0.0.1',
      port: url.port || 80,
      method: request.method,
      path: url.pathname + url.search,
      headers: { ...own, ...headers },
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
  proxy.on('connect', (request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${proxy.address().port}`;
}
