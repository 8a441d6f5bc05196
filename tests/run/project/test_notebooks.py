import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import detect
from chamber.run.project.notebooks import Converted, convert, converted


def _notebook(*cells: str, **changes: Any) -> str:
    listed = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "metadata": {}} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": listed, **changes})


def _convert(directory: Path, *cells: str, **changes: Any) -> Converted:
    (directory / "train.ipynb").write_text(_notebook(*cells, **changes))
    return convert(directory, "train.ipynb")


def _run(directory: Path, *cells: str) -> str:
    file = directory / "train.py"
    file.write_bytes(_convert(directory, *cells).file.content)
    done = subprocess.run([sys.executable, file], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout


def test_code_cells_become_a_program_in_their_order(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "source": "# Title\n!not a command"}
    code = [{"cell_type": "code", "source": "x = 1\n"}, text, {"cell_type": "code", "source": ["x += 1\n", "print(x)"]}]
    done = _convert(tmp_path, cells=code)
    assert done.file.path == "train.ipynb.py"
    assert (
        done.file.content.decode()
        == "# Made from train.ipynb.\n\n# %% cell 1\nx = 1\n\n# %% cell 3\nx += 1\nprint(x)\n"
    )
    assert done.warnings == ()
    assert converted(tmp_path, "train.ipynb.py") == (done.file,)
    assert converted(tmp_path, "train.py") == ()


def test_a_translated_notebook_does_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    out = _run(
        tmp_path,
        "%matplotlib inline\nimport os\n%env NAME=world\nif True:\n    %cd sub\nprint(os.path.basename(os.getcwd()))",
        "!echo hello $NAME\nlines = !printf 'a\\nb\\n'\nprint(lines)",
        "%%bash\necho from bash\n",
        "%%writefile note.txt\nkept %as !it is\n",
        "%%time\nprint(open('note.txt').read(), end='')\n%time print('timed')\nos?\ndisplay('shown')",
        "print('''\n!echo not a command\n%nor a magic''', 7\n% 4)",
    )
    expected = ["sub", "hello world", "['a', 'b']", "from bash", "kept %as !it is", "timed", "shown"]
    expected += ["", "!echo not a command", "%nor a magic 3"]
    assert sorted(out.splitlines()) == sorted(expected)


def test_what_cells_install_is_installed_in_the_image(tmp_path: Path) -> None:
    done = _convert(
        tmp_path,
        "%pip install -q 'torch>=2' einops\n!pip3 install --upgrade transformers[torch]",
        "!apt-get update && apt-get install -y ffmpeg\n!sudo apt install git\n!python -m pip install six",
        "%%capture\n!pip install numpy \\\n    pandas",
    )
    assert [one.name for one in done.needs] == ["torch", "einops", "transformers", "six", "numpy", "pandas"]
    assert done.needs[0].where == "train.ipynb, cell 1, line 1"
    assert done.apt_packages == ("ffmpeg", "git")
    assert any("torch>=2 is installed in the image" in warning for warning in done.warnings)
    assert b"subprocess" not in done.file.content


def test_a_notebook_that_trains_is_the_entrypoint_where_there_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").write_text(_notebook("!pip install torch\nimport torch"))
    profile, needs = detect(tmp_path, {"train.ipynb"})
    assert profile.entrypoint == "train.ipynb.py"
    assert profile.framework == "pytorch"
    assert needs.requirements == ("torch",)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("x = (", "cell 1"),
        ("x = 1\nx y", "cell 1, line 2: this is not Python"),
        ("%run other.py", "cell 1, line 1: %run has no like"),
        ("%%cython\ncdef int x", "%%cython has no like"),
        ("name = 'x'\n!echo {name}", "a value of Python is put into a command"),
        ("name = 'x'\n!echo $name", "cell 1, line 2: \\$name is a variable of Python"),
        ("get_ipython().system('ls')", "only in a notebook"),
        ("await go()", "does not work as a program"),
        ("!pip install -r requirements.txt", "dependencies="),
        ("!pip install git+https://x.example/y", "name @ git"),
        ("!pip install 'open", "No closing quotation"),
        ("x = %timeit f()", "has no like"),
        ("%%writefile", "must name one file"),
    ],
)
def test_a_cell_that_no_program_does_is_refused(tmp_path: Path, cell: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _convert(tmp_path, cell)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nbformat": 3}, "nbconvert --to notebook --nbformat 4 train.ipynb"),
        ({"metadata": {"kernelspec": {"language": "R"}}}, "written in 'R'"),
        ({"metadata": {"language_info": []}}, "Expected `object`, got `array`"),
        ({"cells": [{"cell_type": "code", "source": 1}]}, "train.ipynb"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _convert(tmp_path, "x = 1", **changes)


def test_a_notebook_is_converted_alike_wherever_it_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    cells = ("import os", "!ls", f"print({os.sep!r})")
    assert _convert(tmp_path / "a", *cells) == _convert(tmp_path / "b", *cells)
