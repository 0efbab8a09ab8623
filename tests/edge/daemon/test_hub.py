"""Many readers, one publisher who waits for none of them."""

from __future__ import annotations

import asyncio
import threading

from edge.daemon.hub import Hub


def test_a_full_queue_loses_its_oldest_and_counts():
    hub: Hub[int] = Hub()
    slow, quick = hub.feed("slow", 3), hub.feed("quick", 100)
    for i in range(10):
        hub.publish(i)
    assert slow.take() == [7, 8, 9] and slow.dropped == 7
    assert quick.take() == list(range(10)) and quick.dropped == 0
    assert (slow.given, quick.given) == (10, 10)


def test_what_waits_can_be_taken_after_closing():
    hub: Hub[int] = Hub()
    feed = hub.feed("a")
    hub.publish(1)
    feed.close()
    hub.publish(2)
    assert feed.closed and feed.take() == [1]


def test_an_asyncio_reader_gets_all_in_order_from_another_thread():
    async def read():
        hub: Hub[int] = Hub()
        feed = hub.feed("a", 10_000)

        def publish():
            for i in range(5_000):
                hub.publish(i)
            feed.close()

        thread = threading.Thread(target=publish)
        thread.start()
        got = [item async for item in feed]
        thread.join()
        return got

    assert asyncio.run(asyncio.wait_for(read(), 20)) == list(range(5_000))


def test_what_comes_while_the_last_items_are_worked_on_is_not_lost():
    async def read():
        hub: Hub[int] = Hub()
        feed, got = hub.feed("a"), []
        hub.publish(0)
        async for item in feed:
            got.append(item)
            if item == 0:
                hub.publish(1)
                feed.close()
        return got

    assert asyncio.run(asyncio.wait_for(read(), 5)) == [0, 1]
