"""What code written for one package leans on, and another package lacks."""

#: Parts of a class that have to be there by name.
_NAMED = ("methods", "members")


def lacks(theirs, ours):
    """Every public name, parameter, default, field, member and base of `theirs` that `ours` has not, as texts."""
    return [lack for module in theirs for lack in _of_module(module, theirs[module], ours.get(module))]


def _of_module(module, theirs, ours):
    if ours is None:
        yield f"{module}: is missing"
        return
    for name, told in theirs.items():
        yield from _of_name(f"{module}.{name}", told, ours.get(name))


def _of_name(where, theirs, ours):
    if ours is None:
        yield f"{where}: is missing"
        return
    if theirs.keys() - ours.keys():
        yield f"{where}: has no {', '.join(sorted(theirs.keys() - ours.keys()))}"
        return
    yield from _of_class(where, theirs, ours)
    for key in ("parameters", "made with"):
        yield from _of_parameters(where, theirs.get(key, ()), ours.get(key, ()))
    if theirs.get("kind") != ours.get("kind"):
        yield f"{where}: is {ours.get('kind')}, and not {theirs.get('kind')}"


def _of_class(where, theirs, ours):
    for base in theirs.get("bases", ()):
        if base not in ours["bases"]:
            yield f"{where}: is no {base}"
    fields = theirs.get("fields", [])
    if ours.get("fields", [])[: len(fields)] != fields:
        yield f"{where}: begins not with the fields {', '.join(fields)}"
    for part in _NAMED:
        for name, told in theirs.get(part, {}).items():
            other = ours[part].get(name)
            if isinstance(told, dict):
                yield from _of_name(f"{where}.{name}", told, other)
            elif other != told:
                yield f"{where}.{name}: is {other!r}, and not {told!r}"


def _of_parameters(where, theirs, ours):
    places = {one["name"]: place for place, one in enumerate(ours)}
    for place, one in enumerate(theirs):
        if one["name"] not in places:
            yield f"{where}({one['name']}): is missing"
            continue
        other = ours[places[one["name"]]]
        if (other["kind"], other["default"]) != (one["kind"], one["default"]):
            yield f"{where}({one['name']}): is {other}, and not {one}"
        if one["kind"] == "POSITIONAL_OR_KEYWORD" and places[one["name"]] != place:
            yield f"{where}({one['name']}): stands elsewhere"
