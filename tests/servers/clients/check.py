"""Runs each client on a small plan against a server that records, and checks what arrived.

    python3 tests/servers/clients/check.py [CLIENT ...]

Each must send the plan's methods, paths, headers and bodies in its own name: under the User-Agent that its
library gives by itself, or under none. The browser must send a preflight by itself. Prints the User-Agents.
Needs tests/servers/setup to have run. Exits with 1 if something is not as it should be.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = Path(os.environ.get("LAB_DIR", HERE.parents[2] / "target/lab")).resolve()
PYTHON = [LAB / "python/bin/python", HERE / "python/run.py"]
NODE = ["node", HERE / "node/run.mjs"]

# The pattern of each client's own User-Agent; None: it sends none.
CLIENTS = {
    "requests": (PYTHON, r"python-requests/\d.*"),
    "httpx": (PYTHON, r"python-httpx/\d.*"),
    "aiohttp": (PYTHON, r"Python/3\.\d+ aiohttp/\d.*"),
    "urllib3": (PYTHON, r"python-urllib3/\d.*"),
    "urllib": (PYTHON, r"Python-urllib/3\.\d+"),
    "httpie": (PYTHON, r"HTTPie/\d.*"),
    "curl": (PYTHON, r"curl/\d.*"),
    "wget": (PYTHON, r"Wget/\d.*"),
    "axios": (NODE, r"axios/\d.*"),
    "undici": (NODE, None),
    "fetch": (NODE, r"node"),
    "node-fetch": (NODE, r"node-fetch"),
    "got": (NODE, r"got \(.*\)"),
    "http": (NODE, None),
}


class Recorder(BaseHTTPRequestHandler):
    """Keeps what arrives; answers 403 below /forbidden, and lets any origin in."""

    protocol_version = "HTTP/1.1"
    seen = []

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.seen.append((self.command, self.path, self.headers, self.rfile.read(length)))
        self.send_response(403 if self.path.startswith("/forbidden") else 200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "PUT")
        self.send_header("Access-Control-Allow-Headers", "content-type")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "2" if self.command != "HEAD" else "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """wrk and the browser may leave in the middle of a request; what is missing shows in the checks."""


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, what, holds, seen=""):
        self.passed += bool(holds)
        self.failed += not holds
        if not holds:
            print(f"not so: {what} {seen}")


def run(command, plan):
    """Runs a client on a plan; gives what it said, what arrived, and the seconds between `ready` and its end."""
    Recorder.seen.clear()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A proxy that nobody is at: the clients must not follow it.
        env=os.environ | {"LAB_DIR": str(LAB), "http_proxy": "http://127.0.0.1:9"},
    )
    process.stdin.write("".join(json.dumps(line) + "\n" for line in plan))
    process.stdin.close()
    first = process.stdout.readline()
    start = time.monotonic()
    rest = process.stdout.read()
    seconds = time.monotonic() - start
    if first != "ready\n" or process.wait() != 0:
        return {"failed": first + rest}, [], seconds
    return json.loads(rest), list(Recorder.seen), seconds


def check_client(checks, name, command, own_agent, base):
    stream = {"X-Forwarded-For": "198.51.100.7", "X-Lab-Stream": "s1"}
    texts = stream | {"Content-Type": "text/plain"}
    named = stream | {"User-Agent": "x/1"}
    plan = [
        {"at_ms": 0, "method": "GET", "url": f"{base}/a?q=%20b&c=1", "headers": stream, "body": None},
        {"at_ms": 100, "method": "GET", "url": f"{base}/forbidden", "headers": stream, "body": None},
        {"at_ms": 200, "method": "POST", "url": f"{base}/post", "headers": texts, "body": "text=1"},
        {"at_ms": 300, "method": "HEAD", "url": f"{base}/head", "headers": stream, "body": None},
        {"at_ms": 400, "method": "GET", "url": f"{base}/named", "headers": named, "body": None},
    ]
    outcome, seen, seconds = run([*command, name], plan)
    expected = {"sent": 5, "statuses": {"200": 4, "403": 1}, "errors": 0}
    checks.that(f"{name} says {expected}", outcome == expected, f"but {outcome}")
    checks.that(f"{name} keeps to the plan's times", seconds >= 0.4, f"but took {seconds}")
    # Processes that overlap may arrive in another order.
    arrived = sorted((method, path, body) for method, path, _, body in seen)
    wanted = sorted(
        (line["method"], line["url"].removeprefix(base), (line["body"] or "").encode()) for line in plan
    )
    checks.that(f"{name} sends {wanted}", arrived == wanted, f"but {arrived}")
    for method, path, headers, _ in seen:
        agent = headers.get("User-Agent")
        if path == "/named":
            checks.that(f"{name} sends the plan's User-Agent", agent == "x/1", f"but {agent}")
        elif own_agent is None:
            checks.that(f"{name} sends no User-Agent", agent is None, f"but {agent}")
        else:
            checks.that(f"{name} sends its own User-Agent", re.fullmatch(own_agent, agent or ""), f"but {agent}")
        given = {key: headers.get(key) for key in stream}
        checks.that(f"{name} sends {stream} with {path}", given == stream, f"but {given}")
    print(f"{name:12}{seen[0][2].get('User-Agent') if seen else '?'}")


def check_wrk(checks, base):
    request = {
        "at_ms": 0, "method": "POST", "url": f"{base}/w?a=1", "headers": {"X-Lab-Stream": 'quoted "w"'},
        "body": "x\n", "duration_s": 2, "rate": 20,
    }  # fmt: skip
    outcome, seen, seconds = run([*PYTHON, "wrk"], [request])
    alike = {(method, path, headers.get("X-Lab-Stream"), body) for method, path, headers, body in seen}
    wanted = {("POST", "/w?a=1", 'quoted "w"', b"x\n")}
    checks.that(f"wrk sends {wanted}", alike == wanted, f"but {alike}")
    in_time = 10 <= len(seen) <= 48 and seconds >= 2
    checks.that("wrk keeps to duration and rate", in_time, f"but {len(seen)} in {seconds} s")
    checks.that("wrk counts statuses", outcome.get("statuses", {}).get("200", 0) >= 10, f"but {outcome}")
    print(f"{'wrk':12}{seen[0][2].get('User-Agent') if seen else '?'}")


def check_browser(checks, base):
    """`base` names the server by its address: as localhost it is another origin, as is a host of no server."""
    stream = {"X-Forwarded-For": "198.51.100.7", "X-Lab-Stream": "b1"}
    other = {"X-Forwarded-For": "203.0.113.9", "X-Lab-Stream": "b2"}
    local = base.replace("127.0.0.1", "localhost")
    json_of = {"Content-Type": "application/json"}
    plan = [
        {"at_ms": 0, "page": f"{local}/page", "headers": stream},
        {"at_ms": 100, "fetch": f"{base}/put", "from": f"{local}/page", "method": "PUT",
         "headers": stream | json_of, "body": "{}"},
        {"at_ms": 200, "fetch": f"{base}/plain", "from": "http://partner.example/", "headers": other},
        {"at_ms": 300, "fetch": f"{base}/forbidden", "from": "http://partner.example/", "method": "PUT",
         "headers": other | json_of, "body": "{}"},
    ]  # fmt: skip
    outcome, seen, _ = run(["node", HERE / "node/browser.mjs"], plan)
    seen = [request for request in seen if request[1] != "/favicon.ico"]
    arrived = [(method, path) for method, path, *_ in seen]
    wanted = [("GET", "/page"), ("OPTIONS", "/put"), ("PUT", "/put"), ("GET", "/plain"), ("OPTIONS", "/forbidden")]
    checks.that(f"the browser sends {wanted}", sorted(arrived) == sorted(wanted), f"but {arrived}")
    for method, path, headers, _ in seen:
        visitor = stream if path in ("/page", "/put") else other
        given = {key: headers.get(key) for key in visitor}
        checks.that(f"the browser's {method} {path} has {visitor}", given == visitor, f"but {given}")
        if method == "OPTIONS":
            origin, asked = local if path == "/put" else "http://partner.example", "PUT content-type"
            preflight = [headers.get("Access-Control-Request-" + part) for part in ("Method", "Headers")]
            checks.that(f"the preflight's Origin is {origin}", headers["Origin"] == origin, headers["Origin"])
            checks.that(f"the preflight asks for {asked}", " ".join(map(str, preflight)) == asked, f"but {preflight}")
    fine = outcome.get("sent") == 4 and outcome.get("errors") == 0 and outcome.get("statuses", {}).get("403") == 1
    checks.that("the browser's outcome tells so", fine, f"but {outcome}")
    print(f"{'browser':12}{seen[0][2].get('User-Agent') if seen else '?'}")


def main(names):
    if unknown := set(names) - {*CLIENTS, "wrk", "browser"}:
        sys.exit(f"no such client: {', '.join(unknown)}")
    server = Server(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    checks = Checks()
    for name in names or [*CLIENTS, "wrk", "browser"]:
        if name == "wrk":
            check_wrk(checks, base)
        elif name == "browser":
            check_browser(checks, base)
        else:
            check_client(checks, name, *CLIENTS[name], base)
    print(f"clients: {checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
