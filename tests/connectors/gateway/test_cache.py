"""What is kept of answers, and what followers of a source are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from connectors.gateway.cache import AnswerCache
from connectors.gateway.live_feed import Follower


async def test_what_several_ask_for_at_once_is_made_once() -> None:
    cache, made = AnswerCache(1000, 60.0), 0

    async def make() -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return b"answer"

    assert await asyncio.gather(*(cache.get("key", make) for _ in range(10))) == [b"answer"] * 10
    assert await cache.get("key", make) == b"answer"
    assert made == 1


async def test_a_failure_is_told_to_all_who_wait_and_is_not_kept() -> None:
    cache, fails = AnswerCache(1000, 60.0), True

    async def make() -> bytes:
        await asyncio.sleep(0.01)
        if fails:
            raise ConnectionError("away")
        return b"answer"

    said = await asyncio.gather(*(cache.get("key", make) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in said] == [ConnectionError] * 3
    fails = False
    assert await cache.get("key", make) == b"answer"


async def test_one_who_gives_up_does_not_take_it_from_the_others() -> None:
    cache, go_on = AnswerCache(1000, 60.0), asyncio.Event()

    async def make() -> bytes:
        await go_on.wait()
        return b"answer"

    first, second = (asyncio.create_task(cache.get("key", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second == b"answer"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_is_too_large_is_answered_but_not_kept() -> None:
    cache = AnswerCache(3, 60.0)

    async def make() -> bytes:
        return b"larger"

    assert await cache.get("key", make) == b"larger"
    assert cache.known("key") is None


async def taken(events: AsyncIterator[bytes]) -> bytes:
    return b"".join([event async for event in events])


async def test_a_slow_follower_is_told_how_much_it_missed_and_gets_the_newest() -> None:
    follower = Follower(2)
    for event in (b"1", b"2", b"3", b"4", b"5"):
        follower.give(event)
    events = follower.events()
    assert await anext(events) == b"event: lost\ndata: 3\n\n"
    assert await anext(events) == b"45"
    follower.close()
    assert await taken(events) == b""
