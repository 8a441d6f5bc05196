"""What reaches the disk, and when."""

import pytest

from chamber.local.folder import DataFolder
from chamber.local.storage.database import Database

FULL, OFF = 2, 0


@pytest.mark.parametrize(("name", "level"), [("kept", FULL), (None, OFF)])
async def test_only_what_lasts_waits_for_the_disk(name, level, tmp_path):
    folder = DataFolder(name and tmp_path / name)
    database = Database(folder.database, lasting=folder.lasts)
    for ask in (database.write, database.read):
        assert await ask(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0]) == level
    database.close()
    folder.close()
    assert folder.path.exists() == folder.lasts
