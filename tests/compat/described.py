"""Runs where a `chamber_sdk` is installed: tells its public names as JSON, each with all that code can lean on."""

# pyright: reportMissingImports=false

import dataclasses
import enum
import importlib
import inspect
import json
import pkgutil
import sys

import chamber_sdk


def modules():
    """Its modules by name."""
    names = [found.name for found in pkgutil.walk_packages(chamber_sdk.__path__, "chamber_sdk.")]
    return {name: importlib.import_module(name) for name in ["chamber_sdk", *names]}


def public(module):
    """The names that a module has of its own, or says that it exports."""
    told = list(getattr(module, "__all__", ()))
    own = [name for name, value in vars(module).items() if is_own(module, name, value)]
    return {name: described(getattr(module, name)) for name in sorted({*told, *own})}


def is_own(module, name, value):
    if name.startswith("_") or inspect.ismodule(value):
        return False
    place = getattr(value, "__module__", None)
    return place == module.__name__ if inspect.isclass(value) or inspect.isfunction(value) else name.isupper()


def described(value):
    if inspect.isclass(value):
        return class_of(value)
    return {"parameters": parameters(value)} if callable(value) else {"kind": type(value).__name__}


def class_of(kind):
    own = [base for base in kind.__mro__ if base.__module__.startswith("chamber")]
    bases = [base.__name__ for base in kind.__mro__ if base in own or base.__module__ == "builtins"]
    told = {"bases": bases, "methods": methods(kind, own)}
    if issubclass(kind, enum.Enum):
        told["members"] = {name: member.value for name, member in kind.__members__.items()}
    elif dataclasses.is_dataclass(kind):
        told["fields"] = [field.name for field in dataclasses.fields(kind)]
        told["made with"] = parameters(kind)
    elif any("__init__" in vars(base) for base in own):
        told["made with"] = parameters(kind)
    return told


def methods(kind, own):
    names = {name for base in own for name, value in vars(base).items() if is_method(value)}
    return {name: method(kind, name) for name in sorted(names) if not name.startswith("_")}


def is_method(value):
    return isinstance(value, staticmethod | classmethod) or inspect.isfunction(value)


def method(kind, name):
    declared = inspect.getattr_static(kind, name)
    place = type(declared).__name__ if isinstance(declared, staticmethod | classmethod) else "method"
    return {"kind": place, "parameters": parameters(getattr(kind, name))}


def parameters(function):
    return [
        {"name": one.name, "kind": one.kind.name, "default": default(one.default)}
        for one in inspect.signature(function).parameters.values()
    ]


def default(value):
    if value is inspect.Parameter.empty:
        return None
    plain = value.value if isinstance(value, enum.Enum) else value
    return json.dumps(plain, default=lambda other: "made anew" if "factory" in repr(other) else repr(other))


json.dump({name: public(module) for name, module in modules().items()}, sys.stdout)
