"""The end of what a job printed."""

from chamber.local.executors.output import Output

__all__ = ["last_lines"]

#: The lines of a pod may be far from the end, behind those of the others.
_PODS_TAIL = 400


def last_lines(output: Output, lines: int = 3, width: int = 500, prefix: str = "") -> str:
    """``": <the last lines>"``, at most `width` characters, or nothing where nothing was printed.

    Of lines that begin with `prefix` alone, without it.
    """
    text = output.end((4 if not prefix else _PODS_TAIL) * width).decode(errors="replace")
    own = (line.removeprefix(prefix).strip() for line in text.splitlines() if line.startswith(prefix))
    kept = [line for line in own if line][-lines:]
    end = " | ".join(kept)[-width:]
    return f": {end}" if end else ""
