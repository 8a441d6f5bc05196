"""Fuzzing what strangers send: each target reads bytes of any kind, and may only say what it is or raise our errors."""

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """See `reliability.fuzz.campaign`, which a session must not import: it would come before its instruments."""
    from reliability.fuzz import campaign

    return campaign.main(argv)
