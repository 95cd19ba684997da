"""Python's HTTP libraries, each as an asynchronous context that gives a function from a request to a status.

The blocking ones run in threads. Cookies are not kept: one plan speaks for many visitors, and a jar would hand
the cookies of one to the next.
"""

import asyncio
import contextlib
import http.cookiejar
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import requests
import urllib3

NO_COOKIES = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])


def in_threads(make_send):
    """Makes an asynchronous client of a blocking one."""

    @contextlib.asynccontextmanager
    async def client():
        send, loop = make_send(), asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=32) as threads:
            yield lambda request: loop.run_in_executor(threads, send, request)

    return client


def with_requests():
    session = requests.Session()
    session.cookies.set_policy(NO_COOKIES)

    def send(request):
        return session.request(
            request["method"], request["url"], headers=request["headers"], data=request["body"]
        ).status_code

    return send


def with_urllib3():
    pool = urllib3.PoolManager()

    def send(request):
        return pool.request(
            request["method"], request["url"], headers=request["headers"] or None, body=request["body"]
        ).status

    return send


def with_urllib():
    def send(request):
        body = request["body"].encode() if request["body"] is not None else None
        prepared = urllib.request.Request(
            request["url"], method=request["method"], headers=request["headers"], data=body
        )
        try:
            with urllib.request.urlopen(prepared) as response:
                response.read()
                return response.status
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.status

    return send


@contextlib.asynccontextmanager
async def with_httpx():
    async with httpx.AsyncClient() as session:
        session.cookies.jar.set_policy(NO_COOKIES)

        async def send(request):
            response = await session.request(
                request["method"], request["url"], headers=request["headers"], content=request["body"]
            )
            return response.status_code

        yield send


@contextlib.asynccontextmanager
async def with_aiohttp():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def send(request):
            async with session.request(
                request["method"], request["url"], headers=request["headers"], data=request["body"]
            ) as response:
                await response.read()
                return response.status

        yield send


CLIENTS = {
    "requests": in_threads(with_requests),
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "urllib3": in_threads(with_urllib3),
    "urllib": in_threads(with_urllib),
}
