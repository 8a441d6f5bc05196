"""2,000 submissions while 30 % of all answers are faulty: none doubled, none lost, none that nobody was told of."""

import pytest
from storm import storm

from chamber.core.journal import Journal
from chamber.core.retry import REPEATABLE_WRITE
from chamber.local import LocalChamber

SEEDS = range(10)
SUBMISSIONS = 200


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_submission_is_doubled_or_lost_in_a_storm(seed, tmp_path):
    with LocalChamber(data_dir=tmp_path / "chamber", executor="simulated", idempotency=False) as chamber:
        outcome = await storm(chamber, SUBMISSIONS, callers=1 + 3 * (seed % 4), rate=0.3, seed=seed)
    assert outcome.faults > SUBMISSIONS * 0.3, "the storm did not blow"
    assert outcome.foreign == []
    assert outcome.duplicated == []
    assert outcome.lost == []
    assert outcome.unreported == []
    assert len(outcome.acknowledged) + len(outcome.unknown) + len(outcome.refused) == SUBMISSIONS
    assert outcome.amplification <= 1.2
    assert {intent.external_id for intent in Journal().pending()} == outcome.unknown


async def test_the_storm_would_show_a_client_that_just_tries_again(tmp_path, monkeypatch):
    """The oracle can fail: with blind resending there are duplicates."""
    monkeypatch.setattr("chamber.core.submission.KEYED_WRITE", REPEATABLE_WRITE)
    with LocalChamber(data_dir=tmp_path / "chamber", executor="simulated", idempotency=False) as chamber:
        outcome = await storm(chamber, 60, callers=4, rate=0.3, seed=1)
    assert outcome.duplicated != []
