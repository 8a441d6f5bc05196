"""Members differ only where they must."""

import pytest
from members import MEMBERS, ROOT, folder, project, short_name

TEMPLATE = ROOT / "packages" / "_template"


@pytest.mark.parametrize("member", MEMBERS, ids=short_name)
def test_a_member_is_built_as_the_template_is(member):
    template, own = project(TEMPLATE), project(member)
    assert own["build-system"] == template["build-system"]
    template["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] = [f"src/{folder(member).partition('/')[0]}"]
    assert own["tool"] == template["tool"]
    for key in ("requires-python", "license", "license-files", "keywords", "classifiers", "readme", "version"):
        assert own["project"][key] == template["project"][key]


@pytest.mark.parametrize("member", MEMBERS, ids=short_name)
def test_a_member_carries_its_types_and_its_readme(member):
    assert (member / "src" / folder(member) / "py.typed").is_file()
    assert (member / "README.md").read_text("utf-8").startswith(f"# {member.name}\n")


@pytest.mark.parametrize("member", [m for m in MEMBERS if short_name(m) not in {"core", "compat"}], ids=short_name)
def test_a_member_beside_core_names_its_plugin_by_its_own_name(member):
    name = short_name(member)
    plugins = project(member)["project"]["entry-points"]["chamber"]
    assert plugins.pop(name) == f"chamber.{name}.plugin"
    for other, module in plugins.items():
        assert other.startswith(f"{name}-")
        assert module.startswith(f"chamber.{name}.")


@pytest.mark.parametrize("member", [m for m in MEMBERS if short_name(m) != "core"], ids=short_name)
def test_a_member_needs_the_core_of_its_own_version(member):
    own = project(member)["project"]
    assert f"chamber-core=={own['version']}" in own["dependencies"]


def test_every_member_has_its_folder_of_changelog_fragments():
    sections = project(ROOT)["tool"]["towncrier"]["section"]
    assert {section["path"] for section in sections} == {member.name for member in MEMBERS}
