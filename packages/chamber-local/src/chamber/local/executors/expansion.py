"""References to environment variables in a manifest, as Kubernetes expands them (API reference: Container, EnvVar)."""

from collections.abc import Mapping

__all__ = ["expanded"]


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`text` with values in the place of ``$(NAME)``; ``$$`` is a ``$``, and an unknown name stays as it is."""
    out: list[str] = []
    rest = text
    while rest:
        before, dollar, rest = rest.partition("$")
        out.append(before)
        name, closed, after = rest[1:].partition(")")
        if rest.startswith("$"):
            out.append("$")
            rest = rest[1:]
        elif rest.startswith("(") and closed:
            out.append(variables.get(name, f"$({name})"))
            rest = after
        else:
            out.append(dollar)
    return "".join(out)
