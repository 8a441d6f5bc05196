"""Whether the tests notice: every module that guards jobs, secrets and settings, changed in one place at a time."""
