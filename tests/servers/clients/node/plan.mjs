// What the runners of this folder share: where their packages stand, and how a plan is read and kept to.

import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const lab = process.env.LAB_DIR ?? fileURLToPath(new URL('../../../../target/lab', import.meta.url));
const packages = createRequire(path.resolve(lab, 'node-clients/plan.mjs'));

// Imports a package from where setup installed it, outside of the source tree.
export const load = (name) => import(pathToFileURL(packages.resolve(name)));

// The plan on standard input, read to its end: one request in a line of JSON, in order of time.
export async function readPlan() {
  const lines = (await text(process.stdin)).split('\n');
  return lines.filter((line) => line.trim()).map((line) => JSON.parse(line));
}

// Says `ready` and sends each request at its time, whether or not earlier ones are answered; `send` gives a
// status, which is counted, or fails, which is an error.
export async function follow(plan, send) {
  const outcome = { sent: 0, statuses: {}, errors: 0 };
  const pending = [];
  console.log('ready');
  const start = performance.now();
  for (const request of plan) {
    const wait = request.at_ms - (performance.now() - start);
    if (wait > 0) await sleep(wait);
    outcome.sent += 1;
    pending.push(
      send(request).then(
        (status) => { outcome.statuses[status] = (outcome.statuses[status] ?? 0) + 1; },
        (error) => { outcome.errors += 1; console.error(`${request.url ?? request.page ?? request.fetch}: ${error}`); },
      ),
    );
  }
  await Promise.all(pending);
  return outcome;
}
