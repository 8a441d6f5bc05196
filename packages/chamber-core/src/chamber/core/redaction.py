"""The one redactor: keeps secrets out of whatever is shown.

Known values first: every `Secret` that is alive, in the forms that requests, files and programs give it. Then what
looks like a credential although nobody told us. Every step reads the text once, however many secrets there are.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import re
import weakref
from urllib.parse import quote, quote_plus, unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Any

__all__ = ["Secret", "cleaned", "forms", "redacted", "without_locals"]

_MASK = "***"
#: Characters; a shorter value, as tests have, may be part of any word.
_SHORTEST = 8
#: Characters; the same for a value in another form than its own, and for one line of several.
_SHORTEST_FORM, _SHORTEST_LINE = 6, 16
#: So many characters of each form are looked for; where they are found, the rest is compared.
_ANCHOR = 6
#: Levels of a value that are cleaned one by one; what is deeper is shown as a text.
_DEEPEST = 20

_QUERY = (
    "access_token|refresh_token|id_token|token|api_?key|password|passwd|secret|client_secret|sig|signature"
    "|x-amz-(?:signature|security-token|credential)|x-goog-(?:signature|credential)"
)
_FIELD = (
    "auth|identitytoken|registrytoken|password|passwd|secret|client_?secret|api_?key"
    "|private_?key|(?:access|refresh|id|session|security)?_?token"
)
#: What looks like a credential, and what is shown of it. None reads a part of the text more than a few times.
_LOOKS_SECRET = (
    (re.compile(r"(?i)(\bauthorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?[a-z]{1,20} +)[^\s\"',]+"), rf"\1{_MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)(\s{1,4})(?=[a-z+/=._~-]{0,64}\d)[A-Z0-9+/=._~-]{8,}"), rf"\1\2{_MASK}"),
    (re.compile(r"://[^/?#\s'\"<>]+@"), f"://{_MASK}@"),
    (re.compile(rf"(?i)([?&;](?:{_QUERY})=)[^&;#\s'\"<>]+"), rf"\1{_MASK}"),
    (re.compile(rf'(?i)("(?:{_FIELD})"\s{{0,4}}:\s{{0,4}}")[^"\\]+(?:\\.[^"\\]*)*'), rf"\1{_MASK}"),
    (re.compile(r"\bch\.[A-Za-z0-9_-]{16,}"), _MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), _MASK),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|dckr_pat_|hf_|npm_|pypi-|xox[abeprs]-)[A-Za-z0-9_-]{16,}"), _MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), _MASK),
    (
        re.compile(r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY[A-Z ]{0,6}-----)(?:\s|\\[nr])*[\w+/=]{20,}[^-]*"),
        rf"\1{_MASK}",
    ),
)
#: Packages whose frames hold what a call was given.
_OURS = {"chamber", "aiohttp"}

_SCHEME = re.compile(r"(?:Basic|Bearer) +(\S+)")
_LINES = re.compile(r"[\r\n]+|(?:\\r|\\n)+")


if TYPE_CHECKING:

    class _Text:
        """To checkers a Secret is no text, so that to forget `reveal` is an error."""
else:

    class _Text(str):
        """To encoders it is the text ``***``."""

        __slots__ = ()


class Secret(_Text):
    """A text that is never shown: `reveal` alone returns it. To all else, JSON included, it is the text ``***``."""

    __slots__ = ("__value", "__weakref__")
    __value: str

    def __new__(cls, value: str | Secret) -> Secret:
        """Hide `value`; one that is hidden already stays the same."""
        if isinstance(value, Secret):
            return value
        made = _shown(cls)
        made.__value = value  # noqa: SLF001  its own
        _remember(made)
        return made

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.__value)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (_MASK,)

    def __reduce_ex__(self, _protocol: Any) -> tuple[type[Secret], tuple[str]]:
        return self.__reduce__()


def _shown(kind: type[Secret]) -> Secret:
    return str.__new__(kind, _MASK)  # type: ignore[type-var]


#: The secrets that are alive by their ids: to read all of them at once and to change one is each one step, which no
#: other thread and no collection of garbage can come into.
_alive: dict[int, weakref.ref[Secret]] = {}


def _remember(secret: Secret) -> None:
    key = id(secret)
    _alive[key] = weakref.ref(secret, lambda _gone: _alive.pop(key))


def redacted(text: str, *secrets: Secret | str | None) -> str:
    """`text` with every known secret, these too, and whatever looks like a credential, replaced by ``***``."""
    text = _finder(_known(secrets)).cleaned(text)
    for pattern, replacement in _LOOKS_SECRET:
        text = pattern.sub(replacement, text)
    return text


def cleaned(value: Any, depth: int = _DEEPEST) -> Any:
    """A value with no secret in any text of it: texts, numbers, lists and dicts, and the repr of all else."""
    if isinstance(value, int | float | None):
        return value
    if isinstance(value, dict) and depth:
        return {cleaned(name, 0): cleaned(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [cleaned(item, depth - 1) for item in value]
    return redacted(value if isinstance(value, str) else repr(value))


class without_locals:  # noqa: N801  a context manager
    """Have an exception that leaves this block take no local names of ours, or of the transport's, with it.

    What reports errors keeps the locals of every frame, and those of a call are its arguments and headers.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing is done before an exception comes."""

    def __exit__(self, kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception):  # after anything else, what is in the frames may go on
            for link in _linked(error):
                _forget_locals(link.__traceback__)


def _linked(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it came of."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            todo += [link.__cause__, link.__context__]
            yield link


def _forget_locals(trace: TracebackType | None) -> None:
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
            with contextlib.suppress(RuntimeError):  # it is still under way
                trace.tb_frame.clear()
        trace = trace.tb_next


def forms(value: str) -> frozenset[str]:
    """The texts by which `value` is known wherever it appears: itself, and encoded, quoted or escaped."""
    parts = {part for part in _parts(value) if part}
    return frozenset(parts | {form for part in parts for form in _encoded(part) if len(form) >= _SHORTEST_FORM})


def _known(given: Iterable[Secret | str | None]) -> frozenset[str]:
    """The values of those that are given, of any length, and of all that are alive and long enough."""
    told = (secret.reveal() if isinstance(secret, Secret) else secret for secret in given)
    living = (secret.reveal() for known in list(_alive.values()) if (secret := known()) is not None)
    return frozenset({*filter(None, told), *(value for value in living if len(value) >= _SHORTEST)})


def _parts(value: str) -> Iterator[str]:
    """A secret, and what of it is as secret alone: its lines, a password in a URL, the word after ``Bearer``."""
    yield value
    lines = [line.strip() for line in _LINES.split(value)]
    yield from (line for line in lines[len(lines) == 1 :] if _is_telling(line))
    if scheme := _SCHEME.fullmatch(value):
        yield scheme[1]
    if "://" in value and "@" in value:
        yield from _passwords(value)


def _is_telling(line: str) -> bool:
    return len(line) >= _SHORTEST_LINE and not line.startswith("-----")


def _passwords(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    password = parts.password or parts.username or ""
    yield from (text for text in (password, unquote(password)) if len(text) >= _SHORTEST_FORM)


def _encoded(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield from _quoted(value, data)
    yield from (value[::-1], data.hex(), data.hex().upper())
    for whole in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield from (whole, whole.rstrip("="))
    for offset in range(3):
        inner = _within(data, offset)
        yield from (inner, inner.translate(_URLSAFE))


def _quoted(value: str, data: bytes) -> Iterator[str]:
    """As in URLs, in JSON, in reprs, in HTML and XML, and between the quotes of a shell."""
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data), quote_plus(data, safe="/")):
        yield from (quoted, _ESCAPE.sub(lambda escape: escape[0].lower(), quoted))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    html = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (html, html.replace('"', "&quot;").replace("'", "&#x27;"), html.replace('"', "&#34;"))
    yield value.replace("'", "'\"'\"'")


_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_URLSAFE = str.maketrans("+/", "-_")


def _within(data: bytes, offset: int) -> str:
    """The base64 of `data` behind `offset` other bytes: the characters that are of `data` alone (RFC 4648, 4)."""
    text = base64.b64encode(b"\0" * offset + data).decode()
    return text[(0, 2, 3)[offset] : (offset + len(data)) * 8 // 6]


class _Finder:
    """Finds the forms of some values: first how any of them begins, by one pattern, then which of them it is."""

    def __init__(self, values: frozenset[str]) -> None:
        every = sorted({form for value in values for form in forms(value)}, key=len, reverse=True)
        self._beginnings: dict[str, list[str]] = {form[:_ANCHOR]: [] for form in every}
        short = [form for form in every if len(form) < _ANCHOR]
        for form in every:
            self._beginnings[form[:_ANCHOR]].append(form)
        for beginning, found in self._beginnings.items():
            found += [form for form in short if beginning.startswith(form)]
        self._any = re.compile(_one_of(sorted(self._beginnings))) if every else None

    def cleaned(self, text: str) -> str:
        return "".join(self._pieces(text)) if self._any and self._any.search(text) else text

    def _pieces(self, text: str) -> Iterator[str]:
        assert self._any is not None
        shown = position = 0
        while begun := self._any.search(text, position):
            start = begun.start()
            form = next((form for form in self._beginnings[begun[0]] if text.startswith(form, start)), None)
            position = start + 1
            if form is not None:
                yield from (text[shown:start], _MASK)
                shown = position = start + len(form)
        yield text[shown:]


@functools.lru_cache(maxsize=4)
def _finder(values: frozenset[str]) -> _Finder:
    return _Finder(values)


def _one_of(words: list[str]) -> str:
    """A pattern of the longest of these sorted words; each character is compared with what may come there, and once."""
    heads = dict.fromkeys(word[0] for word in words if word)
    branches = [re.escape(head) + _one_of([word[1:] for word in words if word.startswith(head)]) for head in heads]
    alternatives = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})" if branches else ""
    return f"(?:{alternatives})?" if "" in words and branches else alternatives
