"""Starts the laboratory's applications and checks every answer of theirs that the harness relies on.

    python3 tests/servers/applications/check.py [express|flask ...]

Needs tests/servers/setup to have run. Exits with 1 if an answer is not as it should be.
"""

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = Path(os.environ.get("LAB_DIR", HERE.parents[2] / "target/lab")).resolve()
COMMANDS = {
    "express": ["node", HERE / "express/app.mjs"],
    "flask": [LAB / "python/bin/python", HERE / "flask/app.py"],
}
FACTOR = 60
EPOCH = 1_700_000_000
LIMIT = 5
WINDOW_S = 180  # three real seconds, in which a busy machine answers a few requests too
LOCAL = "http://localhost:3000"


class Application:
    """A running application, asked over HTTP without proxies and without following redirects."""

    def __init__(self, name, algorithm="fixed", limit_status=403):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start_ms = time.time() * 1000
        environment = dict(
            LAB_DIR=LAB,
            LAB_PORT=self.port,
            LAB_FACTOR=FACTOR,
            LAB_LIMIT=LIMIT,
            LAB_WINDOW_S=WINDOW_S,
            LAB_ALGORITHM=algorithm,
            LAB_LIMIT_STATUS=limit_status,
            LAB_ORIGINS=LOCAL,
            LAB_EPOCH=EPOCH,
            LAB_START_MS=self.start_ms,
        )
        self.process = subprocess.Popen(
            [str(word) for word in COMMANDS[name]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {key: str(value) for key, value in environment.items()},
        )
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{name} did not say that it listens")

    def ask(self, path, method="GET", headers=None, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers or {}, data=body
        )
        try:
            response = self.opener.open(request, timeout=10)
        except urllib.error.HTTPError as refusal:
            response = refusal
        with response:
            return response.status, response.headers, response.read()

    def lab_seconds(self):
        return EPOCH + (time.time() - self.start_ms / 1000) * FACTOR

    def stop(self):
        """Closing its standard input must be enough; says whether it was."""
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=5) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False


class Checks:
    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def that(self, what, holds, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{self.name}: not so: {what} {seen}")

    def answer(self, application, path, status, cause=None, says=None, **request):
        """The answer has this status, this cause (none unless it is a 403) and, if given, this JSON."""
        what = f"{request.get('method', 'GET')} {path} {request.get('headers', '')}"
        seen, headers, text = application.ask(path, **request)
        self.that(f"{what} gives {status}", seen == status, f"but {seen} {text!r}")
        given = headers.get("X-Lab-Cause")
        self.that(f"{what} has the cause {cause}", given == cause, f"but {given}")
        if says is not None:
            self.that(f"{what} says {says}", json.loads(text) == says, f"but {text!r}")
        return headers, text


def reason(name):
    return {"error": "forbidden", "reason": name}


def signed(path, expires):
    signature = hmac.new(b"lab", f"{path}{expires}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"{path}?expires={expires}&sig={signature}"


def check_limiter(check, app):
    real_window = WINDOW_S / FACTOR

    def visit(address, status, cause=None, says=None):
        check.answer(app, "/app/search?q=a", status, cause, says, headers={"X-Forwarded-For": address})

    for _ in range(LIMIT):
        visit("198.51.100.7", 200)
    visit("198.51.100.7", 403, "rate_limit", {"error": "too many requests"})
    visit("203.0.113.9, 198.51.100.7", 403, "rate_limit")
    visit("198.51.100.7, 203.0.113.9", 200)
    check.answer(app, "/app/other", 200, headers={"X-Forwarded-For": "198.51.100.7"})
    time.sleep(real_window + 0.2)
    visit("198.51.100.7", 200)


def check_algorithm(check, app, algorithm):
    """A second visit late in the window, the others after its end: only the sliding one still counts the late."""
    real_window = WINDOW_S / FACTOR
    visits = [app.ask("/app/search")[0]]
    time.sleep(0.7 * real_window)
    visits += [app.ask("/app/search")[0] for _ in range(LIMIT - 1)]
    time.sleep(0.5 * real_window)
    visits += [app.ask("/app/search")[0] for _ in range(LIMIT)]
    refused = visits.count(403)
    expected = {"fixed": 0, "sliding": LIMIT - 1}[algorithm]
    check.that(f"the {algorithm} window refuses {expected} of {visits}", refused == expected)


def check_credentials(check, app):
    check.answer(app, "/app/data/a", 403, "credential", reason("key_missing"))
    check.answer(app, "/app/data/a", 403, "credential", reason("key_unknown"), headers={"X-Api-Key": "key-wrong-1"})
    check.answer(app, "/app/data/a", 200, headers={"X-Api-Key": "key-basic-1"})
    check.answer(app, "/app/data/a?api_key=key-pro-1", 200)
    check.answer(app, "/app/data/a", 200, headers={"Authorization": "Bearer key-basic-1"})
    check.answer(app, "/_lab/revoke?token=key-basic-1", 204, method="POST")
    check.answer(app, "/app/data/a", 403, "credential", reason("key_revoked"), headers={"X-Api-Key": "key-basic-1"})
    check.answer(app, "/app/exports/a", 403, "credential", headers={"X-Api-Key": "key-basic-1"})
    check.answer(app, "/app/data/a", 200, headers={"X-Api-Key": "key-basic-2"})
    check.answer(app, "/_lab/expire?token=key-basic-3", 204, method="POST")
    check.answer(app, "/app/data/a", 403, "credential", reason("key_expired"), headers={"X-Api-Key": "key-basic-3"})
    check.answer(app, "/_lab/restore?token=key-basic-1", 204, method="POST")
    check.answer(app, "/app/data/a", 200, headers={"X-Api-Key": "key-basic-1"})

    path = "/app/files/report.pdf"
    link = signed(path, int(app.lab_seconds()) + 60)
    check.answer(app, link, 200)
    check.answer(app, link + "0", 403, "credential", reason("signature_mismatch"))
    check.answer(app, path, 403, "credential", reason("signature_mismatch"))
    check.answer(app, signed(path, int(app.lab_seconds()) - 60), 403, "credential", reason("link_expired"))
    check.answer(app, signed(path, "soon"), 403, "credential", reason("link_expired"))
    time.sleep(70 / FACTOR)
    check.answer(app, link, 403, "credential", reason("link_expired"))


def check_permissions(check, app):
    check.answer(app, "/app/exports/a", 403, "credential", reason("key_missing"))
    basic, pro = {"X-Api-Key": "key-basic-1"}, {"X-Api-Key": "key-pro-1"}
    check.answer(app, "/app/exports/a", 403, "permission", reason("plan_too_low"), headers=basic)
    check.answer(app, "/app/exports/a", 200, headers=pro)
    for path in ("/app/reports/daily", "/app/reports/by/week"):
        check.answer(app, path, 403, "permission", reason("role_missing"))
        check.answer(app, path, 403, "permission", headers={"X-Remote-User": "guest-1"})
        check.answer(app, path, 200, headers={"X-Remote-User": "analyst-1"})
        check.answer(app, path, 200, headers={"X-Remote-User": "admin-1"})


def check_request_shape(check, app):
    headers, text = check.answer(app, "/app/form", 200)
    cookie = headers["Set-Cookie"].split(";")[0]
    token = json.loads(text)["csrf_token"]
    email = {"method": "POST", "body": b"email=a%40example.com"}
    check.answer(app, "/app/account/email", 200, headers={"Cookie": cookie, "X-CSRF-Token": token}, **email)
    for incomplete in ({}, {"Cookie": cookie}, {"X-CSRF-Token": token}):
        check.answer(app, "/app/account/email", 403, "request_shape", reason("csrf_token"), headers=incomplete, **email)
    items = {"method": "POST", "body": b"{}"}
    check.answer(app, "/app/items", 200, headers={"Content-Type": "application/json; charset=utf-8"}, **items)
    check.answer(app, "/app/items", 403, "request_shape", reason("content_type"), **items)
    check.answer(app, "/app/items", 200)


def check_cors(check, app):
    def preflight(origin, status, cause=None):
        headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        return check.answer(app, "/app/cors/a", status, cause, method="OPTIONS", headers=headers)[0]

    for origin in ("https://shop.example.com", LOCAL):
        allowed = preflight(origin, 204)["Access-Control-Allow-Origin"]
        check.that(f"{origin} is allowed", allowed == origin, f"but {allowed}")
        check.answer(app, "/app/cors/a", 200, headers={"Origin": origin})
    preflight("http://localhost:9999", 403, "cors")
    check.answer(app, "/app/cors/a", 403, "cors", headers={"Origin": "https://other.example.com"})
    check.answer(app, "/app/cors/a", 200)
    encoded = urllib.parse.quote(LOCAL, safe="")
    check.answer(app, f"/_lab/origin?remove={encoded}", 204, method="POST")
    preflight(LOCAL, 403, "cors")
    check.answer(app, f"/_lab/origin?add={encoded}", 204, method="POST")
    preflight(LOCAL, 204)


def check_pages(check, app):
    for path in ("/app", "/app/", "/app/a/b", "/app/database", "/app/searching"):
        length = len(check.answer(app, path, 200)[1])
        check.that(f"{path} has a size of its path", length == size_of(path), f"but {length}")
    check.answer(app, "/app/a", 200, method="POST", body=b"x")
    for path in ("/app/missing", "/app/missing-page", "/app/missing/a", "/elsewhere"):
        check.answer(app, path, 404)


def size_of(path):
    return 100 + int.from_bytes(hashlib.sha256(path.encode()).digest()[:2], "big") % 1901


def check(name):
    checks = Checks(name)
    app = Application(name)
    for part in (check_limiter, check_credentials, check_permissions, check_request_shape, check_cors, check_pages):
        part(checks, app)
    time.sleep(WINDOW_S / FACTOR)
    check_algorithm(checks, app, "fixed")
    checks.that("it ends when its standard input does", app.stop())
    if name == "flask":
        app = Application(name, "sliding")
        check_algorithm(checks, app, "sliding")
        app.stop()
    app = Application(name, limit_status=429)
    # On a busy machine the window may end before its limit is reached; one of some will be exceeded.
    answers = [app.ask("/app/search") for _ in range(20 * LIMIT)]
    limited = [headers for status, headers, _ in answers if status == 429]
    checks.that("a limit of status 429 answers so", limited, "but never does")
    checks.that("it tells no cause", not any("X-Lab-Cause" in headers for headers in limited))
    checks.that("it forbids nothing", not any(status == 403 for status, *_ in answers))
    app.stop()
    print(f"{name}: {checks.passed} passed, {checks.failed} failed")
    return checks.failed == 0


def main(names):
    if unknown := set(names) - {*COMMANDS}:
        sys.exit(f"no such application: {', '.join(unknown)}")
    results = [check(name) for name in names or COMMANDS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
