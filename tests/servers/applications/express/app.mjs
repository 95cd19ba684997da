// A small application on Express that refuses with 403 for five causes, and says on each refusal which.
//
// The limiter, the CSRF check and the CORS check are the middleware that people deploy (express-rate-limit,
// csrf-csrf, cors); keys, signed links and roles are by hand, as they are in most applications. Every 403,
// and nothing else, carries X-Lab-Cause. The routes are those of ../flask/app.py; ../check.py tests both.
//
// Environment: LAB_PORT, LAB_FACTOR (lab seconds in a real second), LAB_LIMIT requests in LAB_WINDOW_S lab
// seconds, LAB_LIMIT_STATUS (403, or 429 which tells no cause), LAB_EPOCH (unix seconds of the lab at its start),
// LAB_START_MS (real unix ms of that instant), LAB_ORIGINS (allowed origins, by comma), LAB_DIR (where setup
// installed the packages).

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// The packages stand outside of the source tree, where Node would not look for them.
const lab = process.env.LAB_DIR ?? fileURLToPath(new URL('../../../../target/lab', import.meta.url));
const require = createRequire(resolve(lab, 'node-express/app.mjs'));
const express = require('express');
const cookieParser = require('cookie-parser');
const cors = require('cors');
const { doubleCsrf } = require('csrf-csrf');
const { rateLimit } = require('express-rate-limit');

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const FACTOR = number('LAB_FACTOR', 1);
const START_MS = number('LAB_START_MS', Date.now());
const EPOCH = number('LAB_EPOCH', START_MS / 1000);
const labSeconds = () => EPOCH + ((Date.now() - START_MS) / 1000) * FACTOR;

const origins = new Set(['https://shop.example.com', ...(process.env.LAB_ORIGINS ?? '').split(',').filter(Boolean)]);
const revoked = new Set();
const expired = new Set();

function forbid(response, cause, reason, error = 'forbidden') {
  response.status(403).set('X-Lab-Cause', cause).json(reason ? { error, reason } : { error });
}

// A page's size depends on its path only, so that logs of two runs agree on bytes.
function page(request, response) {
  const length = 100 + (createHash('sha256').update(request.originalUrl.split('?')[0]).digest().readUInt16BE() % 1901);
  response.json({ data: 'x'.repeat(length - '{"data":""}'.length) });
}

// ---- too many requests ----------------------------------------------------------------------------------

const limiter = rateLimit({
  windowMs: (number('LAB_WINDOW_S', 60) * 1000) / FACTOR,
  limit: number('LAB_LIMIT', 60),
  handler: (request, response) => {
    const status = number('LAB_LIMIT_STATUS', 403);
    if (status !== 403) return response.status(status).json({ error: 'too many requests' });
    forbid(response, 'rate_limit', undefined, 'too many requests');
  },
});

// ---- credentials ----------------------------------------------------------------------------------------

function keyOf(request) {
  const bearer = /^Bearer (.+)$/i.exec(request.get('authorization') ?? '');
  return request.get('x-api-key') ?? request.query.api_key ?? bearer?.[1];
}

function needsKey(request, response, next) {
  const key = keyOf(request);
  if (!key) return forbid(response, 'credential', 'key_missing');
  if (!/^key-(basic|pro)-/.test(key)) return forbid(response, 'credential', 'key_unknown');
  if (revoked.has(key)) return forbid(response, 'credential', 'key_revoked');
  if (expired.has(key)) return forbid(response, 'credential', 'key_expired');
  next();
}

function needsSignature(request, response, next) {
  const { expires = '', sig = '' } = request.query;
  const path = request.originalUrl.split('?')[0];
  const expected = Buffer.from(createHmac('sha256', 'lab').update(`${path}${expires}`).digest('hex').slice(0, 32));
  const given = Buffer.from(String(sig));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return forbid(response, 'credential', 'signature_mismatch');
  }
  // So written that an `expires` which is no number counts as past.
  if (!(Number(expires) >= labSeconds())) return forbid(response, 'credential', 'link_expired');
  next();
}

// ---- permissions ----------------------------------------------------------------------------------------

function needsPro(request, response, next) {
  if (!keyOf(request).startsWith('key-pro-')) return forbid(response, 'permission', 'plan_too_low');
  next();
}

function needsAnalyst(request, response, next) {
  if (!/^(admin|analyst)-/.test(request.get('x-remote-user') ?? '')) {
    return forbid(response, 'permission', 'role_missing');
  }
  next();
}

// ---- shape of the request, and origin -------------------------------------------------------------------

const csrf = doubleCsrf({
  getSecret: () => 'lab',
  // The lab's visitors have no session: the pair of cookie and header is the whole check.
  getSessionIdentifier: () => 'lab',
  cookieName: 'lab-csrf',
  cookieOptions: { secure: false },
});

function needsJson(request, response, next) {
  if (request.method !== 'POST' || request.is('application/json')) return next();
  forbid(response, 'request_shape', 'content_type');
}

const originNotAllowed = new Error('origin not allowed');
const allowOrigin = cors({
  origin: (origin, decide) => (!origin || origins.has(origin) ? decide(null, true) : decide(originNotAllowed)),
});

function refused(error, request, response, next) {
  if (error === originNotAllowed) return forbid(response, 'cors', 'origin_not_allowed');
  if (error === csrf.invalidCsrfTokenError) return forbid(response, 'request_shape', 'csrf_token');
  next(error);
}

// ---- routes ---------------------------------------------------------------------------------------------

const app = express();
// One proxy stands before us: the address is the last element of X-Forwarded-For.
app.set('trust proxy', 1);
app.use(cookieParser());

app.use('/app/search', limiter, page);
app.use('/app/data', needsKey, page);
app.use('/app/exports', needsKey, needsPro, page);
app.use('/app/files', needsSignature, page);
app.use('/app/reports', needsAnalyst, page);
app.get('/app/form', (request, response) => response.json({ csrf_token: csrf.generateCsrfToken(request, response) }));
app.use('/app/account/email', csrf.doubleCsrfProtection, page);
app.use('/app/items', needsJson, page);
app.use('/app/cors', allowOrigin, page);
app.all(/^\/app\/missing/, (request, response) => response.status(404).json({ error: 'not found' }));
app.use('/app', page);

// What the harness changes at an instant of its scenario.
const change = (apply) => (request, response) => {
  apply(request.query);
  response.status(204).end();
};
app.post('/_lab/revoke', change(({ token }) => revoked.add(token)));
app.post('/_lab/restore', change(({ token }) => revoked.delete(token)));
app.post('/_lab/expire', change(({ token }) => expired.add(token)));
app.post('/_lab/origin', change(({ add, remove }) => {
  if (add) origins.add(add);
  if (remove) origins.delete(remove);
}));
app.use(refused);

const server = app.listen(number('LAB_PORT', 0), '127.0.0.1', 4096, (error) => {
  if (error) throw error;
  console.log('ready');
});
// In stretched time a usual timeout would be over in an instant of the scenario.
Object.assign(server, { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
// The harness holds our standard input: when it ends, so do we.
process.stdin.resume().on('end', () => process.exit(0));
