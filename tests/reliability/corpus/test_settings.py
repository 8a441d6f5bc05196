"""Settings files of projects: read as they are written, or refused with the line."""

import json

from odd_inputs import check, literal

from chamber.run.settings import configuration


def test_every_settings_file_is_settings_or_our_error(tmp_path):
    directory = tmp_path / "project"
    directory.mkdir()

    def act(case):
        (directory / ".chamber.yaml").write_bytes(literal(case.input.replace("⏎", "\n")))
        settings, warnings = configuration.resolve(directory, {}, {"THERE": "set"})
        return f"{json.dumps({**settings.shown, 'warnings': warnings}, ensure_ascii=False)}".replace('"', "")

    check("settings.txt", 300, act)
