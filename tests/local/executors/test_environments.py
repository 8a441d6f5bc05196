import io
import json
import zipfile

import pytest

KEY = "0123456789abcdef"


def wheel(name="greeting", code="WORD = 'hello'", requires=""):
    """A wheel, made by hand: nothing is fetched for it."""
    content, info = io.BytesIO(), f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return content.getvalue()


@pytest.fixture
def environment(call, tools):
    """Pushes an image with a recipe; its reference."""

    def push(install, files=(), key=KEY, **fields):
        recipe = {"schema": 1, "key": key, "python": None, "install": install, **fields}
        held = {"recipe.json": json.dumps(recipe).encode(), **dict(files)}
        entries = [(f"opt/chamber/environment/{name}", content) for name, content in held.items()]
        return call.push_image("team/project", tools.layer(*entries), tag=f"env-{key}")

    return push


GREETING = "greeting-1.0-py3-none-any.whl"


def test_dependencies_are_installed_once_and_used_by_the_job(call, environment):
    image = environment([["--no-index", f"./{GREETING}"]], {GREETING: wheel()})
    command = ["python", "-c", "import greeting; print(greeting.WORD)"]

    first, second = (call.wait(call.run(command, image=image), "completed")["workload_id"] for _ in range(2))

    assert call.chamber.logs(first).endswith("hello\n")
    assert "Successfully installed greeting-1.0" in call.chamber.logs(first)
    assert call.chamber.logs(second) == "hello\n"


def test_workloads_at_the_same_time_share_one_installation(call, environment):
    image = environment([["--no-index", f"./{GREETING}"]], {GREETING: wheel()})

    workloads = [call.run(["python", "-c", "import greeting"], image=image) for _ in range(3)]

    for workload in workloads:
        call.wait(workload, "completed")
    assert sum("Successfully installed" in call.chamber.logs(workload) for workload in workloads) == 1
    assert len(list((call.chamber._started.folder.path / "environments").iterdir())) == 1


def test_the_same_key_with_other_files_is_another_environment(call, environment):
    command = ["python", "-c", "import greeting; print(greeting.WORD)"]
    install = [["--no-index", f"./{GREETING}"]]

    for word in ("one", "two"):
        image = environment(install, {GREETING: wheel(code=f"WORD = '{word}'")})
        workload = call.wait(call.run(command, image=image), "completed")["workload_id"]
        assert call.chamber.logs(workload).endswith(f"{word}\n")


def test_a_failed_installation_fails_the_workload_and_is_tried_again(call, environment):
    image = environment([["--no-index", "-r", "requirements.txt"]], {"requirements.txt": b"no-such-package==1\n"})

    for _ in range(2):
        failed = call.wait(call.run(["true"], image=image), "failed")
        assert "the environment could not be made" in failed["failure_reason"]
        assert "No matching distribution found for no-such-package==1" in failed["failure_reason"]
        assert "no-such-package" in call.chamber.logs(failed["workload_id"])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schema": 2}, "has schema 2"),
        ({"key": "../../x"}, "and key '../../x'"),
        ({"python": ">=4"}, "asks for Python >=4; this Chamber runs jobs with 3."),
        ({"python": "new"}, "asks for the Python 'new'"),
        ({"install": "numpy"}, "recipe cannot be read"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(call, tools, fields, reason):
    recipe = {"schema": 1, "key": KEY, "python": None, "install": [], **fields}
    content = tools.layer(("opt/chamber/environment/recipe.json", json.dumps(recipe).encode()))
    image = call.push_image("team/project", content)

    assert reason in call.wait(call.run(["true"], image=image), "failed")["failure_reason"]


def test_cancelling_ends_an_installation(call, environment, tools):
    slow = b"import time; print('installing', flush=True); time.sleep(600)"
    image = environment([["--no-index", "./slow"]], {"slow/setup.py": slow})
    workload = call.run(["true"], image=image)
    call.wait(workload, "starting")

    assert call("POST", f"/v1/workloads/{workload}/cancel").data["status"] == "cancelled"
