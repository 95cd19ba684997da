// Opens pages and runs their scripts' fetch() in a real browser, so that what it sends by itself, preflights
// above all, is real.
//
//   node browser.mjs < plan.jsonl
//
// Lines of the plan:
//   {"at_ms", "page": url, "headers": {}}                       opens the page
//   {"at_ms", "fetch": url, "from": url, "method", "headers": {}, "body"}
//       runs fetch() in the page `from`: one that a page line opens, or else an empty one that no server is
//       asked for
// A visitor's `headers`, X-Forwarded-For and X-Lab-…, are added on the way out, by adding-proxy.mjs, and so are
// a page line's others. A fetch line's others are the script's own, and may call for a preflight. Lines with the
// same added headers are one visitor, with a profile (cookies, cache) of its own.
//
// Prints {"sent", "statuses", "errors"}: `sent` counts lines; `statuses` the answers of servers, also to
// preflights and to what pages load; `errors` those of the network.

import { startAddingProxy } from './adding-proxy.mjs';
import { follow, load, readPlan } from './plan.mjs';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Loopback too goes through the visitor's proxy.
  '--proxy-bypass-list=<-loopback>',
  // A page of another host may call servers of this machine without asking its user.
  '--disable-features=LocalNetworkAccessChecks',
];

const plan = await readPlan();
const outcome = { sent: plan.length, statuses: {}, errors: 0 };
const opened = new Set(plan.flatMap(({ page }) => page ?? []));
const net = {
  emptyPages: new Set(plan.flatMap(({ from }) => from ?? []).filter((url) => !opened.has(url))),
  hosts: new Set(plan.map(({ page, fetch }) => new URL(page ?? fetch).host)),
  answered: (status) => { outcome.statuses[status] = (outcome.statuses[status] ?? 0) + 1; },
  failed: () => { outcome.errors += 1; },
};

const { chromium } = (await load('playwright-core')).default;
const browser = await chromium.launch({
  executablePath: process.env.LAB_CHROMIUM ?? '/usr/bin/chromium',
  args: ARGUMENTS,
});

// A visitor has a fresh profile, behind a proxy of its own.
class Visitor {
  #context;
  #pages = new Map();

  static async arrive(headers) {
    const visitor = new Visitor();
    const server = await startAddingProxy({ headers, ...net });
    visitor.#context = await browser.newContext({ proxy: { server } });
    return visitor;
  }

  open(url) {
    const loaded = this.#context.newPage().then(async (page) => {
      await page.goto(url);
      return page;
    });
    this.#pages.set(url, loaded);
    return loaded;
  }

  async fetch({ fetch: url, from, method = 'GET', body }, headers) {
    const page = await (this.#pages.get(from) ?? this.open(from));
    const options = { method, headers, body: body ?? undefined };
    // An answer that the browser does not show to the page was given all the same, or its preflight's was.
    const inPage = ([url, options]) => fetch(url, options).then((answer) => answer.text(), () => {});
    await page.evaluate(inPage, [url, options]);
  }
}

function splitHeaders({ page, headers = {} }) {
  const added = {};
  const own = {};
  for (const [name, value] of Object.entries(headers)) {
    const isAdded = page !== undefined || /^(x-forwarded-for$|x-lab-)/i.test(name);
    (isAdded ? added : own)[name] = value;
  }
  return { added, own };
}

const visitors = new Map();
function visitorOf(added) {
  const key = JSON.stringify(Object.entries(added).sort());
  if (!visitors.has(key)) visitors.set(key, Visitor.arrive(added));
  return visitors.get(key);
}

// All arrive before the start, so that the first request of each is in time.
await Promise.all(plan.map((line) => visitorOf(splitHeaders(line).added)));
await follow(plan, async (line) => {
  const { added, own } = splitHeaders(line);
  const visitor = await visitorOf(added);
  await (line.page !== undefined ? visitor.open(line.page) : visitor.fetch(line, own));
});
await browser.close();
console.log(JSON.stringify(outcome));
// The proxies would hold the process.
process.exit(0);
