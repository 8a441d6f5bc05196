"""The ways in which the API's dialects, and every mix of them, say one thing."""

import re
from typing import Any, NamedTuple

from subjects import Subject

#: What a client of today does not know.
UNKNOWN = {"futureField": {"snake_key": [1, None]}, "other_field": None, "extra": "of the wire"}
OTHERS = {"request_id": "req_1"}


class Mix(NamedTuple):
    """One way of saying things."""

    envelope: tuple[str, ...] = ()
    camel: bool = False
    aliases: bool = False
    case: str = "upper"
    #: "all", "null" or "missing"
    optionals: str = "all"
    unknown: bool = False
    #: Whether an envelope has things beside the wrapped one.
    beside: bool = False


#: Each departs in one way, and the last two are whole dialects.
WAYS = {
    "plain": Mix(),
    "camelCase": Mix(camel=True),
    "other names": Mix(aliases=True),
    "other names in camelCase": Mix(aliases=True, camel=True),
    "lower case": Mix(case="lower"),
    "Title Case": Mix(case="title"),
    "optionals missing": Mix(optionals="missing"),
    "optionals null": Mix(optionals="null"),
    "optionals null in camelCase": Mix(optionals="null", camel=True),
    "unknown fields": Mix(unknown=True),
    "unknown fields, enveloped": Mix(envelope=("data",), unknown=True, beside=True),
    "documented": Mix(envelope=("data",), aliases=True, case="lower", beside=True),
    "legacy": Mix(camel=True),
}


def said(subject: Subject, mix: Mix) -> dict[str, Any]:
    """The thing in that way, without its envelope."""
    fields = {name: value for name, value in subject.fields.items() if _is_told(subject, name, mix)}
    if mix.optionals == "null":
        fields = {name: value if name in subject.required else None for name, value in fields.items()}
    told = {_name(subject, name, mix): _value(subject, name, value, mix) for name, value in fields.items()}
    return {**told, **(UNKNOWN if mix.unknown else {})}


def meant(subject: Subject, mix: Mix) -> Any:
    """What the thing is to become when it was said in that way."""
    model = subject.becomes if mix.optionals == "all" else subject.least
    fields = {name: getattr(model, name) for name in model.__struct_fields__}
    return type(model)(**{**fields, "extra": UNKNOWN if mix.unknown else {}})


def wrapped(content: Any, mix: Mix) -> Any:
    """The content in its envelope."""
    for key in reversed(mix.envelope):
        content = {key: content, **(OTHERS if mix.beside else {})}
    return content


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def camelled(value: Any) -> Any:
    """Every key in camelCase."""
    if isinstance(value, dict):
        return {camel(key): camelled(item) for key, item in value.items()}
    return [camelled(item) for item in value] if isinstance(value, list) else value


def _is_told(subject: Subject, name: str, mix: Mix) -> bool:
    return mix.optionals != "missing" or name in subject.required


def _name(subject: Subject, name: str, mix: Mix) -> str:
    name = subject.aliases.get(name, name) if mix.aliases else name
    return camel(name) if mix.camel else name


def _value(subject: Subject, name: str, value: Any, mix: Mix) -> Any:
    if name in subject.users or value is None:
        return value
    if name in subject.words:
        return getattr(value, mix.case)()
    return camelled(value) if mix.camel else value
