"""Reads the sources for the reference: both clients with their methods, as their users see them.

A method is written once, as a coroutine function of a class of operations. Here each client gets it as its own, and
on `ChamberClient` it blocks. Comments that begin with ``#:`` become the texts of the attributes below them.
"""

import copy
import re

import griffe

CLIENTS = {"chamber.core.client.ChamberClient": "Iterator", "chamber.core.client.AsyncChamberClient": "AsyncIterator"}


class Faces(griffe.Extension):
    """Called by mkdocstrings."""

    def on_attribute_instance(self, *, node, attr, agent, **_options):
        if attr.docstring is None and (comment := _comment(agent.filepath, attr.lineno)):
            attr.docstring = griffe.Docstring(comment, parent=attr)

    def on_instance(self, *, obj, **_options):
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_package(self, *, pkg, **_options):
        if "core" not in pkg.members:
            return
        operations = _operations(pkg)
        for path, iterator in CLIENTS.items():
            client = pkg[path.removeprefix("chamber.")]
            for name, method in operations.items():
                client.set_member(name, _bound(method, client, iterator))


def markdown(docstring):
    """A docstring of the project in Markdown: each thing that is raised is a paragraph, drawn trees and what follows
    ``::`` are blocks of code.
    """
    text = re.sub(r"^::$\n?", "", docstring, flags=re.MULTILINE)
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
    text = re.sub(r"(?:^\w.*\n(?:^[│├└ ].*[─].*\n?)+)+", r"```text\n\g<0>\n```\n", text, flags=re.MULTILINE)
    sentences = re.sub(r"(?:(?<=^)|(?<=\. ))(Raises [A-Z])", r"\n\n\1", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", sentences).strip()


def _comment(file, line):
    """The lines above an attribute that begin with ``#:``."""
    if file is None or not line:
        return None
    found = []
    for text in reversed(file.read_text("utf-8").splitlines()[: line - 1]):
        if not text.strip().startswith("#:"):
            break
        found.append(text.strip().removeprefix("#:").strip())
    return "\n".join(reversed(found))


def _operations(module):
    """Every public method of every class of operations in a package, by name."""
    found = {}
    for member in module.members.values():
        if member.is_alias:
            continue
        if member.is_module:
            found |= _operations(member)
        elif member.is_class and member.name.endswith("Operations"):
            methods = {name: each for name, each in member.members.items() if each.is_function}
            found |= {name: each for name, each in methods.items() if not name.startswith("_")}
    return found


def _bound(method, client, iterator):
    """The method as that client has it."""
    bound = copy.copy(method)
    bound.parent, bound.decorators = client, []
    is_static = any(decorator.callable_path == "staticmethod" for decorator in method.decorators)
    is_listing = any(decorator.callable_path.endswith(".listing") for decorator in method.decorators)
    awaits = iterator == "AsyncIterator" and not is_static and not is_listing
    bound.labels = ({"staticmethod"} if is_static else set()) | ({"async"} if awaits else set())
    if is_listing and isinstance(method.returns, griffe.ExprSubscript):
        bound.returns = _each(method.returns, iterator)
    return bound


def _each(returns, iterator):
    """What a listing returns: ``Iterator[Workload]`` for ``AsyncGenerator[Workload, None]``."""
    yielded = returns.slice.elements[0] if isinstance(returns.slice, griffe.ExprTuple) else returns.slice
    return griffe.ExprSubscript(griffe.ExprName(iterator, parent=returns.left.parent), yielded)
