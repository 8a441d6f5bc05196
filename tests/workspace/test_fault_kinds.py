"""The page on reliability names every kind of fault, and none that there is not."""

from members import ROOT
from reliability.proxy.page import written


def test_the_page_has_the_table_of_the_kinds_of_faults():
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    assert written(page) == page, "hatch run reliability kinds"
