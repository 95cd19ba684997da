"""A small application on Flask that refuses with 403 for five causes, and says on each refusal which.

The limiter and the CSRF check are the extensions that people deploy (Flask-Limiter, Flask-WTF); keys, signed
links, roles and origins are decorators by hand, as they are in most applications. Every 403, and nothing else,
carries X-Lab-Cause. The routes are those of ../express/app.mjs; ../check.py tests both.

Environment: LAB_PORT, LAB_FACTOR (lab seconds in a real second), LAB_LIMIT requests in LAB_WINDOW_S lab seconds,
LAB_LIMIT_STATUS (403, or 429 which tells no cause), LAB_ALGORITHM (fixed or sliding), LAB_EPOCH (unix seconds
of the lab at its start), LAB_START_MS (real unix ms of that instant), LAB_ORIGINS (allowed origins, by comma).
"""

import functools
import hashlib
import hmac
import logging
import os
import re
import sys
import threading
import time

from flask import Flask, Response, g, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from limits.limits import Granularity, RateLimitItem
from waitress import create_server
from werkzeug.middleware.proxy_fix import ProxyFix

FACTOR = float(os.environ.get("LAB_FACTOR", 1))
START = float(os.environ.get("LAB_START_MS", time.time() * 1000)) / 1000
EPOCH = float(os.environ.get("LAB_EPOCH", START))
LIMIT = os.environ.get("LAB_LIMIT", "60")
LIMIT_STATUS = int(os.environ.get("LAB_LIMIT_STATUS", 403))
WINDOW = float(os.environ.get("LAB_WINDOW_S", 60)) / FACTOR  # real seconds
STRATEGIES = {"fixed": "fixed-window", "sliding": "moving-window"}

origins = {"https://shop.example.com", *filter(None, os.environ.get("LAB_ORIGINS", "").split(","))}
revoked, expired = set(), set()

app = Flask(__name__)
app.config.update(
    SECRET_KEY="lab",
    WTF_CSRF_CHECK_DEFAULT=False,  # one route checks, as its own decorator says
    WTF_CSRF_TIME_LIMIT=None,
)
# One proxy stands before us: the address is the last element of X-Forwarded-For.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0, x_host=0)
app.url_map.strict_slashes = False  # as Express has it
csrf = CSRFProtect(app)


class PerWindow(RateLimitItem):
    """The extension's units begin at a second, ours may be shorter; a subclass registers its unit's name."""

    GRANULARITY = Granularity(WINDOW, "window")


limiter = Limiter(
    get_remote_address,
    app=app,
    storage_uri="memory://",
    strategy=STRATEGIES[os.environ.get("LAB_ALGORITHM", "fixed")],
)


def lab_seconds():
    return EPOCH + (time.time() - START) * FACTOR


def forbid(cause, reason=None, error="forbidden"):
    response = jsonify({"error": error, "reason": reason} if reason else {"error": error})
    response.status_code = 403
    response.headers["X-Lab-Cause"] = cause
    return response


def page(**_):
    """A page's size depends on its path only, so that logs of two runs agree on bytes."""
    hashed = hashlib.sha256(request.path.encode()).digest()
    length = 100 + int.from_bytes(hashed[:2], "big") % 1901
    return Response('{"data":"%s"}' % ("x" * (length - len('{"data":""}'))), mimetype="application/json")


def needs(check):
    """A decorator from a check, which returns a refusal or None."""

    def decorate(view):
        @functools.wraps(view)
        def checked(**arguments):
            return check() or view(**arguments)

        return checked

    return decorate


# ---- too many requests ----------------------------------------------------------------------------------


@app.errorhandler(429)
def over_the_limit(_):
    if LIMIT_STATUS != 403:
        return {"error": "too many requests"}, LIMIT_STATUS
    return forbid("rate_limit", error="too many requests")


# ---- credentials ----------------------------------------------------------------------------------------


def key():
    bearer = re.fullmatch(r"Bearer (.+)", request.headers.get("Authorization", ""), re.IGNORECASE)
    return request.headers.get("X-Api-Key") or request.args.get("api_key") or (bearer and bearer[1])


@needs
def needs_key():
    if not key():
        return forbid("credential", "key_missing")
    if not re.match(r"key-(basic|pro)-", key()):
        return forbid("credential", "key_unknown")
    if key() in revoked:
        return forbid("credential", "key_revoked")
    if key() in expired:
        return forbid("credential", "key_expired")


@needs
def needs_signature():
    expires = request.args.get("expires", "")
    expected = hmac.new(b"lab", (request.path + expires).encode(), "sha256").hexdigest()[:32]
    if not hmac.compare_digest(request.args.get("sig", "").encode(), expected.encode()):
        return forbid("credential", "signature_mismatch")
    if not re.fullmatch(r"\d+(\.\d+)?", expires) or float(expires) < lab_seconds():
        return forbid("credential", "link_expired")


# ---- permissions ----------------------------------------------------------------------------------------


@needs
def needs_pro():
    if not key().startswith("key-pro-"):
        return forbid("permission", "plan_too_low")


@needs
def needs_analyst():
    if not re.match(r"(admin|analyst)-", request.headers.get("X-Remote-User", "")):
        return forbid("permission", "role_missing")


# ---- shape of the request, and origin -------------------------------------------------------------------


@app.errorhandler(CSRFError)
def no_csrf_token(_):
    return forbid("request_shape", "csrf_token")


@needs
def needs_csrf_token():
    if request.method == "POST":
        csrf.protect()


@needs
def needs_json():
    if request.method == "POST" and request.mimetype != "application/json":
        return forbid("request_shape", "content_type")


@needs
def allow_origin():
    origin = request.headers.get("Origin")
    if origin and origin not in origins:
        return forbid("cors", "origin_not_allowed")
    g.allowed_origin = origin
    if request.method == "OPTIONS":
        return Response(status=204)


@app.after_request
def add_cors_headers(response):
    if g.get("allowed_origin"):
        response.headers["Access-Control-Allow-Origin"] = g.allowed_origin
        response.headers["Access-Control-Allow-Methods"] = "GET,HEAD,PUT,PATCH,POST,DELETE"
        if asked := request.headers.get("Access-Control-Request-Headers"):
            response.headers["Access-Control-Allow-Headers"] = asked
        response.vary.add("Origin")
    return response


# ---- routes ---------------------------------------------------------------------------------------------


def route(path, *checks):
    """All methods of `path` and of what is below it give a page, if the checks let them, in their order."""
    view = page
    for check in reversed(checks):
        view = check(view)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    app.add_url_rule(path, path, view, methods=methods)
    app.add_url_rule(f"{path}/<path:rest>", path, view, methods=methods)


route("/app/search", limiter.shared_limit(f"{LIMIT} per window", scope="search"))
route("/app/data", needs_key)
route("/app/exports", needs_key, needs_pro)
route("/app/files", needs_signature)
route("/app/reports", needs_analyst)
route("/app/account/email", needs_csrf_token)
route("/app/items", needs_json)
route("/app/cors", allow_origin)
route("/app", needs(lambda: missing() if request.path.startswith("/app/missing") else None))


@app.get("/app/form")
def form():
    return {"csrf_token": generate_csrf()}


@app.errorhandler(404)
def missing(_=None):
    return {"error": "not found"}, 404


# What the harness changes at an instant of its scenario.


@app.post("/_lab/revoke")
def revoke():
    revoked.add(request.args["token"])
    return "", 204


@app.post("/_lab/expire")
def expire():
    expired.add(request.args["token"])
    return "", 204


@app.post("/_lab/restore")
def restore():
    revoked.discard(request.args["token"])
    return "", 204


@app.post("/_lab/origin")
def change_origins():
    if added := request.args.get("add"):
        origins.add(added)
    origins.discard(request.args.get("remove"))
    return "", 204


def end_with_harness():
    """The harness holds our standard input: when it ends, so do we."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    # In stretched time a usual timeout would be over in an instant of the scenario. Waitress drops
    # X-Forwarded-For unless told otherwise.
    server = create_server(
        app,
        host="127.0.0.1",
        port=int(os.environ.get("LAB_PORT", 0)),
        threads=8,
        channel_timeout=10**9,
        connection_limit=2000,
        clear_untrusted_proxy_headers=False,
    )
    # It would warn of each request that waits for another.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    threading.Thread(target=end_with_harness, daemon=True).start()
    print("ready", flush=True)
    server.run()
