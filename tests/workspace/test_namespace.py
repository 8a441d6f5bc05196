"""``chamber`` is a namespace: nobody owns it, so strangers' packages can be part of it."""

import pathlib

import chamber

ROOT = pathlib.Path(__file__).parents[2]


def test_the_namespace_has_no_file():
    assert getattr(chamber, "__file__", None) is None


def test_no_member_brings_an_init_file_for_the_namespace():
    assert list(ROOT.glob("packages/*/src/chamber/__init__.py")) == []
