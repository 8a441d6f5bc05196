"""Numbers with a unit, as Kubernetes writes them (API reference: Quantity)."""

from decimal import Decimal, InvalidOperation

from chamber.local.executors.refusal import Refused

__all__ = ["quantity"]

_DIGITS = set("0123456789.+-eE")
_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}
_SMALL = {letter: Decimal(1000) ** -power for power, letter in enumerate("mun", 1)}
_UNITS = {**_BINARY, **_DECIMAL, **_SMALL}


def quantity(what: str, written: int | str) -> Decimal:
    """``500m`` is 0.5, ``2Gi`` 2147483648. Raises Refused, naming `what` it is of."""
    text = str(written)
    unit = next((unit for unit in _UNITS if text.endswith(unit)), "")
    digits = text.removesuffix(unit)
    try:
        number = Decimal(digits) * _UNITS.get(unit, 1)
    except InvalidOperation:
        number = Decimal(-1)
    if not set(digits) <= _DIGITS or not number.is_finite() or number < 0:
        raise Refused(f"the manifest's {what} is {text!r}, which is no quantity such as 2, 500m or 16Gi")
    return number
