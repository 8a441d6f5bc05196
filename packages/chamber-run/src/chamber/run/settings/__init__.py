"""What a run is told: arguments, .chamber.yaml, ~/.chamber/config.json and defaults, each value with its source."""

__all__: list[str] = []
