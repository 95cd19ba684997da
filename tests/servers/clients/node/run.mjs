// Sends a plan of requests with one of Node's HTTP clients, each as it comes: its own User-Agent (or none), its
// own ways with redirects, connections and retries.
//
//   node run.mjs LIBRARY < plan.jsonl      LIBRARY: axios, undici, fetch, node-fetch, got, http
//
// A line of the plan: {"at_ms": 0, "method": "GET", "url": "http://…", "headers": {}, "body": null}. Prints
// `ready`, starts, and in the end prints {"sent", "statuses", "errors"}.

import http from 'node:http';
import { follow, load, readPlan } from './plan.mjs';

// Each gives a function of a request that resolves to the answer's status once the body is read.
const libraries = {
  async axios() {
    const { default: axios } = await load('axios');
    return async ({ method, url, headers, body }) =>
      (await axios.request({ method, url, headers, data: body ?? undefined, validateStatus: null })).status;
  },

  async undici() {
    const { request } = (await load('undici')).default;
    return async ({ method, url, headers, body }) => {
      const response = await request(url, { method, headers, body });
      await response.body.dump();
      return response.statusCode;
    };
  },

  fetch: () => byFetch(fetch),

  'node-fetch': async () => byFetch((await load('node-fetch')).default),

  async got() {
    const { got } = await load('got');
    return async ({ method, url, headers, body }) =>
      (await got(url, { method, headers, body: body ?? undefined, throwHttpErrors: false })).statusCode;
  },

  http: () => ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { method, headers }, (response) => {
        response.on('end', () => resolve(response.statusCode)).on('error', reject).resume();
      });
      request.on('error', reject).end(body ?? undefined);
    }),
};

function byFetch(fetch) {
  return async ({ method, url, headers, body }) => {
    const response = await fetch(url, { method, headers, body });
    await response.arrayBuffer();
    return response.status;
  };
}

const library = libraries[process.argv[2]];
if (!library) {
  console.error(`usage: node run.mjs ${Object.keys(libraries).join('|')} < plan.jsonl`);
  process.exit(2);
}
// The lab's servers are on this machine: a proxy of the environment has no business here.
for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];

const send = await library();
console.log(JSON.stringify(await follow(await readPlan(), send)));
// Connections that are kept open would hold the process.
process.exit(0);
