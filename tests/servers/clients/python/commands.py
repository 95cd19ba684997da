"""HTTP clients that are commands: one process, and so one connection, for each request.

HTTPie takes about half a second of a processor to start: a plan that asks for more of it runs late.
"""

import asyncio
import contextlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path

# More processes at once would only wait for each other.
AT_ONCE = 16


def curl(request):
    method = ["--head"] if request["method"] == "HEAD" else ["--request", request["method"]]
    if request["method"] == "GET" and request["body"] is None:
        method = []
    headers = [word for name, value in request["headers"].items() for word in ("--header", f"{name}: {value}")]
    body = ["--data-raw", request["body"]] if request["body"] is not None else []
    # --disable: no .curlrc of whoever runs this
    command = ["curl", "--disable", "--silent", "--show-error", "--output", "/dev/null"]
    return [*command, "--write-out", "HTTP/ %{http_code}", *method, *headers, *body, request["url"]]


def wget(request):
    method = [f"--method={request['method']}"] if request["method"] != "GET" else []
    headers = [f"--header={name}: {value}" for name, value in request["headers"].items()]
    body = [f"--body-data={request['body']}"] if request["body"] is not None else []
    command = ["wget", "--no-config", "--no-hsts", "--no-verbose", "--server-response", "--output-document=/dev/null"]
    return [*command, *method, *headers, *body, request["url"]]


def httpie(request):
    # "Name:" would take a header away; "Name;" sends it empty.
    headers = [f"{name}:{value}" if value else f"{name};" for name, value in request["headers"].items()]
    body = ["--raw", request["body"]] if request["body"] is not None else []
    command = [str(Path(sys.executable).parent / "http"), "--ignore-stdin", "--print=h"]
    return [*command, *body, request["method"], request["url"], *headers]


def status_of(output):
    """The last status line of what the command printed: those before it led there by redirects."""
    answers = re.findall(r"HTTP/\S* (\d{3})", output)
    if not answers or answers[-1] == "000":
        raise OSError(output.strip() or "no answer")
    return int(answers[-1])


def as_client(command):
    @contextlib.asynccontextmanager
    async def client():
        at_once = asyncio.Semaphore(AT_ONCE)
        with tempfile.TemporaryDirectory() as home:
            # HTTPie would look for a newer version of itself on the network.
            Path(home, "config.json").write_text(json.dumps({"disable_update_warnings": True}))

            async def send(request):
                async with at_once:
                    process = await asyncio.create_subprocess_exec(
                        *command(request),
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=asyncio.subprocess.PIPE,
                        stderr=asyncio.subprocess.STDOUT,
                        env={**os.environ, "HTTPIE_CONFIG_DIR": home},
                    )
                    output, _ = await process.communicate()
                return status_of(output.decode(errors="replace"))

            yield send

    return client


CLIENTS = {"curl": as_client(curl), "wget": as_client(wget), "httpie": as_client(httpie)}
