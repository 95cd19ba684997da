// Opens pages and runs their scripts' fetch() in a real browser, so that what it sends by itself, preflights
// above all, is real.
//
//   node browser.mjs < plan.jsonl
//
// Lines of the plan:
//   {"at_ms", "page": url, "headers": {}}                        opens the page
//   {"at_ms", "fetch": url, "from": url of a page, "method", "headers": {}, "body"}
//                                                                runs fetch() in that page, opened if need be
// `headers` that are a visitor's, X-Forwarded-For and X-Lab-…, are added on the way out, by adding-proxy.mjs; so
// are a page line's others. A fetch line's others are the script's own, and may call for a preflight. Lines of
// the same added headers are one visitor, with a profile (cookies, cache) of its own.
//
// Prints {"sent", "statuses", "errors"}: `sent` counts lines, `statuses` every answer of a server, to preflights
// and to what pages load too.

import { readPlan, follow, load } from './plan.mjs';
import { startAddingProxy } from './adding-proxy.mjs';

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
  // A page of another host may call servers of this machine without the user's leave.
  '--disable-features=LocalNetworkAccessChecks',
];
const VISITORS = /^(x-forwarded-for$|x-lab-)/i;

const statuses = {};
let networkErrors = 0;
const answered = (status) => { statuses[status] = (statuses[status] ?? 0) + 1; };
const failed = () => { networkErrors += 1; };

// A visitor: a fresh profile behind a proxy of its own.
class Visitor {
  #context;
  #pages = new Map();

  static async arrive(browser, added) {
    const visitor = new Visitor();
    const server = await startAddingProxy(added, answered, failed);
    visitor.#context = await browser.newContext({ proxy: { server } });
    return visitor;
  }

  open(url) {
    const opened = this.#context.newPage().then(async (page) => {
      await page.goto(url);
      return page;
    });
    this.#pages.set(url, opened);
    return opened;
  }

  async fetch({ fetch: url, from, method = 'GET', headers, body }) {
    const page = await (this.#pages.get(from) ?? this.open(from));
    await page.evaluate(
      // A fetch that the browser refuses to show to the page has been sent all the same, or its preflight has.
      ([url, options]) => fetch(url, options).then((response) => response.text(), () => {}),
      [url, { method, headers, body: body ?? undefined }],
    );
  }
}

function splitHeaders({ page, headers = {} }) {
  const isAdded = ([name]) => page !== undefined || VISITORS.test(name);
  const entries = Object.entries(headers);
  return {
    added: Object.fromEntries(entries.filter(isAdded)),
    own: Object.fromEntries(entries.filter((entry) => !isAdded(entry))),
  };
}

const { chromium } = (await load('playwright-core')).default;
const plan = await readPlan();
const browser = await chromium.launch({
  executablePath: process.env.LAB_CHROMIUM ?? '/usr/bin/chromium',
  args: ARGUMENTS,
});

const visitors = new Map();
function visitorOf(added) {
  const key = JSON.stringify(Object.entries(added).sort());
  if (!visitors.has(key)) visitors.set(key, Visitor.arrive(browser, added));
  return visitors.get(key);
}
// All arrive before the start, so that the first request of each is in time.
await Promise.all(plan.map((line) => visitorOf(splitHeaders(line).added)));

const outcome = await follow(plan, async (line) => {
  const { added, own } = splitHeaders(line);
  const visitor = await visitorOf(added);
  await (line.page !== undefined ? visitor.open(line.page) : visitor.fetch({ ...line, headers: own }));
});
await browser.close();
console.log(JSON.stringify({ sent: outcome.sent, statuses, errors: networkErrors }));
process.exit(0);
