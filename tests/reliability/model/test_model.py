"""A walk beside a Chamber, in either dialect."""

import pytest
from reliability import model

from chamber.local import LocalChamber


def test_a_job_that_is_lost_is_told(monkeypatch):
    held = LocalChamber.workloads
    monkeypatch.setattr(LocalChamber, "workloads", lambda chamber: held(chamber)[1:])

    with pytest.raises(BaseException, match="lost"):
        model.walk("documented", 20, 10)


@pytest.mark.reliability
def test_no_law_breaks_on_the_way():
    assert model.main([]) == 0
