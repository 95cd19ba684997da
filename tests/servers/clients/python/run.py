"""Sends a plan of requests with one HTTP client, each as it comes: its own User-Agent (or none), its own ways
with redirects, connections and retries.

    target/lab/python/bin/python run.py CLIENT < plan.jsonl

CLIENT is a library (requests, httpx, aiohttp, urllib3, urllib) or a command (httpie, curl, wget, wrk). A line of
the plan: {"at_ms": 0, "method": "GET", "url": "http://…", "headers": {}, "body": null}. Prints `ready`, starts,
and in the end prints {"sent", "statuses", "errors"}. For wrk, which repeats one request, see wrk.py.
"""

import asyncio
import collections
import json
import os
import sys
import time

import commands
import libraries
import wrk


async def follow(plan, send):
    """Sends each request at its time, whether or not earlier ones are answered."""
    statuses, errors = collections.Counter(), []

    async def count(request):
        try:
            statuses[str(await send(request))] += 1
        except Exception as error:  # whatever a library raises, the request had no answer
            errors.append(error)
            print(f"{request['url']}: {error!r}", file=sys.stderr)

    start = time.monotonic()
    async with asyncio.TaskGroup() as pending:
        for request in plan:
            wait = request["at_ms"] / 1000 - (time.monotonic() - start)
            await asyncio.sleep(max(wait, 0))
            pending.create_task(count(request))
    return {"sent": len(plan), "statuses": statuses, "errors": len(errors)}


async def run(client, plan):
    async with client() as send:
        print("ready", flush=True)
        return await follow(plan, send)


if __name__ == "__main__":
    clients = libraries.CLIENTS | commands.CLIENTS
    name = sys.argv[1] if len(sys.argv) == 2 else None
    if name not in clients and name != "wrk":
        sys.exit(f"usage: run.py {'|'.join(clients)}|wrk < plan.jsonl")
    # The lab's servers are on this machine: a proxy of the environment has no business here.
    for variable in [variable for variable in os.environ if variable.lower().endswith("_proxy")]:
        del os.environ[variable]
    plan = [json.loads(line) for line in sys.stdin if line.strip()]
    outcome = wrk.run(plan) if name == "wrk" else asyncio.run(run(clients[name], plan))
    print(json.dumps(outcome))
