"""wrk, which repeats one request as fast as it may: a plan of one line, with two fields more.

    {"at_ms": 0, "method": "GET", "url": "http://…", "headers": {}, "body": null, "duration_s": 5, "rate": 100}

Each connection waits so long after an answer that all together come to `rate` requests a second at most; by as
much as answers take time, they stay below. The duration is rounded up to a whole second, as wrk wants it.
"""

import json
import math
import subprocess
import tempfile
import time

CONNECTIONS = 4

# wrk counts no statuses by itself; it runs with one thread, so there is one table of them.
SCRIPT = """
function setup(thread) only = thread end
function init(args) statuses = {} end
function delay() return DELAY_MS end
function response(status)
  local name = tostring(status)
  statuses[name] = (statuses[name] or 0) + 1
end
function done(summary)
  local counts = {}
  for name, count in pairs(only:get("statuses")) do
    counts[#counts + 1] = string.format('"%s": %d', name, count)
  end
  local errors = summary.errors
  print(string.format('{"sent": %d, "statuses": {%s}, "errors": %d}', summary.requests,
    table.concat(counts, ", "), errors.connect + errors.read + errors.write + errors.timeout))
end
"""


def lua_string(text):
    """Every byte as a decimal escape, which Lua reads as the byte."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


def script(request):
    lines = [f"wrk.method = {lua_string(request['method'])}"]
    if request["body"] is not None:
        lines.append(f"wrk.body = {lua_string(request['body'])}")
    for name, value in request["headers"].items():
        lines.append(f"wrk.headers[{lua_string(name)}] = {lua_string(value)}")
    delay_ms = max(1, round(1000 * CONNECTIONS / request["rate"]))
    return "\n".join(lines) + SCRIPT.replace("DELAY_MS", str(delay_ms))


def run(plan):
    """Runs the plan's first line; what wrk's `done` printed, the last line, is the outcome."""
    request = plan[0]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(request))
        file.flush()
        print("ready", flush=True)
        time.sleep(request["at_ms"] / 1000)
        duration = f"-d{math.ceil(request['duration_s'])}s"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", duration, "-s", file.name, request["url"]]
        output = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if output.returncode != 0:
        return {"sent": 0, "statuses": {}, "errors": 1, "message": output.stdout + output.stderr}
    return json.loads(output.stdout.splitlines()[-1])
