"""Bans addresses as fail2ban does: so many failures within a time, then denied for a fixed time.

A program of a `RewriteMap prg:`: asked for an address and a time, as YYYYMMDDhhmmss, it reads what is new in
the access log and answers `banned` or `free`. It has no other clock: the server's is stretched, its own is not.

    bans.py LOG FAILURES WITHIN_S BANNED_S STATUS...
"""

import collections
import re
import sys
from datetime import datetime, timezone

LINE = re.compile(r'^(?:\S+:\d+ )?([0-9.]+) [^"]*"(?:[^"\\]|\\.)*" (\d{3}) ')


def main(path, most, within_s, banned_s, *statuses):
    failures = collections.defaultdict(collections.deque)
    until = {}
    with open(path, encoding="utf-8", errors="replace") as log:
        part = ""
        for asked in sys.stdin:
            asked_for, time = asked.split()
            now = datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc).timestamp()
            lines = (part + log.read()).split("\n")
            part = lines.pop()
            for found in filter(None, map(LINE.match, lines)):
                address, status = found.groups()
                if status not in statuses or until.get(address, 0) > now:
                    continue
                times = failures[address]
                times.append(now)
                while times[0] < now - float(within_s):
                    times.popleft()
                if len(times) >= int(most):
                    until[address] = now + float(banned_s)
                    times.clear()
            is_banned = until.get(asked_for, 0) > now
            print("banned" if is_banned else "free", flush=True)


main(*sys.argv[1:])
