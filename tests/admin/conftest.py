"""Both faces of the client on a recording transport."""

import asyncio

import pytest

from chamber.core.testing import RecordingTransport, recorded_async_client, recorded_client


def _blocking(transport, method, arguments, options):
    with recorded_client(transport) as client:
        return getattr(client, method)(*arguments, **options)


def _awaiting(transport, method, arguments, options):
    async def call():
        async with recorded_async_client(transport) as client:
            return await getattr(client, method)(*arguments, **options)

    return asyncio.run(call())


@pytest.fixture(params=[_blocking, _awaiting], ids=["blocking", "awaiting"])
def call(request):
    """``call(replies, method, *arguments)`` → the result, and the calls as they would have been sent."""

    def call(replies, method, *arguments, **options):
        transport = replies if isinstance(replies, RecordingTransport) else RecordingTransport(replies)
        return request.param(transport, method, arguments, options), transport.calls

    return call
