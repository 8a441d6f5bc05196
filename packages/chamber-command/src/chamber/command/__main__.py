"""``python -m chamber.command``: the same as ``chamber``."""

from chamber.command.program import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
