r"""Project trees, written in a line: entries with ``⏎`` between them; ``\n`` and ``\xff`` are as in Python's bytes.

``a=text`` is a file and ``a{755}=text`` one of that mode, ``d/`` a folder, ``a -> b`` a link, ``a => b`` a hard link,
``a !fifo`` and ``a !socket`` what they say, ``a *9`` nine files, ``a ^9`` nine folders in each other, ``a #9`` nine
bytes.
"""

import codecs
import os
import re
import socket

__all__ = ["build"]

_MODE = re.compile(rb"\{([0-7]{3,4})\}$")


def build(root, text):
    """Makes the tree below `root`, a folder that is there."""
    for entry in text.split("⏎"):
        if entry.strip():
            _make(os.fsencode(root), codecs.escape_decode(entry.encode())[0])


def _make(root, entry):
    for mark, make in _MAKERS.items():
        name, found, rest = entry.partition(mark)
        if found:
            return make(_place(root, name), rest)
    return os.makedirs(_place(root, entry.rstrip(b"/")), exist_ok=True)


def _place(root, name):
    place = os.path.join(root, name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    return place


def _file(place, content):
    mode = _MODE.search(place)
    place = _MODE.sub(b"", place)
    with open(place, "wb") as file:
        file.write(content)
    if mode:
        os.chmod(place, int(mode[1], 8))


def _special(place, kind):
    if kind == b"fifo":
        return os.mkfifo(place)
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(os.path.dirname(place))
        return made.bind(os.path.basename(place))


def _many(place, number):
    for index in range(int(number)):
        _file(b"%s%d" % (place, index), b"")


def _sparse(place, size):
    _file(place, b"")
    os.truncate(place, int(size))


#: What stands between a name and the rest → what makes it.
_MAKERS = {
    b" -> ": lambda place, target: os.symlink(target, place),
    b" => ": lambda place, other: os.link(os.path.join(os.path.dirname(place), other), place),
    b" !": _special,
    b" *": _many,
    b" ^": lambda place, number: os.makedirs(os.path.join(place, *[b"d"] * int(number))),
    b" #": _sparse,
    b"=": _file,
}
