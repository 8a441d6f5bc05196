"""The floor: one socket that is kept open, and nothing done with the answers but finding their ends and next pages."""

import re
import selectors
import socket
from urllib.parse import urlsplit

import reporting

LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")
TOKEN = re.compile(rb'"next_token":"(\w+)"')


def opened(url):
    parts = urlsplit(url)
    made = socket.create_connection((parts.hostname, parts.port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made, parts.path


def request(path):
    return b"GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ch.0123456789abcdef\r\n\r\n" % path.encode()


def answered(made):
    """The body of the answer that comes."""
    received = made.recv(1 << 18)
    while b"\r\n\r\n" not in received:
        received += made.recv(1 << 18)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(LENGTH.search(head + b"\r\n")[1])
    parts, there = [body], len(body)
    while there < length:
        parts.append(made.recv(1 << 18))
        there += len(parts[-1])
    return b"".join(parts)


def get(url, count):
    """Workloads one after the other."""
    made, path = opened(url)
    sent = [request(f"{path}/workloads/{name}") for name in reporting.names(count)]

    def act():
        for one in sent:
            made.sendall(one)
            answered(made)

    return act


def iterate(url, count, each=None):
    """Every page of a listing."""
    made, path = opened(url)

    def pages():
        token = b"0"
        while token:
            made.sendall(request(f"{path}/workloads?limit=100&next_token={token.decode()}"))
            body = answered(made)
            yield from range(min(100, count - int(token)))
            found = TOKEN.search(body)
            token = found and found[1]

    return lambda: reporting.counted(pages(), count, each)


def consume(url, count):
    """Every page, and 50 µs of work on each of its workloads."""
    return iterate(url, count, 50e-6)


def many(url, count):
    """Workloads, over 50 sockets."""
    ready = selectors.DefaultSelector()
    made, path = zip(*(opened(url) for _ in range(50)), strict=True)
    sent = [request(f"{path[0]}/workloads/{name}") for name in reporting.names(count)]

    def act():
        left = iter(sent)
        for one in made:
            ready.register(one, selectors.EVENT_READ)
            one.sendall(next(left))
        taken = 0
        while taken < count:
            for key, _ in ready.select():
                answered(key.fileobj)
                taken += 1
                if following := next(left, None):
                    key.fileobj.sendall(following)

    return act


if __name__ == "__main__":
    reporting.main({"get": get, "iterate": iterate, "consume": consume, "many": many})
