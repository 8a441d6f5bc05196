"""What running a project again costs: requests and bytes for nothing changed, and for one edited file.

Against an embedded Chamber, with 200 files of 25 kB. The first run is the measure; the others are ratios of it.
"""

import random
import tempfile
import time
from pathlib import Path

from chamber.core import ChamberClient
from chamber.local import LocalChamber

FILES, SIZE = 200, 25_000


def main() -> None:
    """Print seconds and what was uploaded for a first run, an unchanged one, and one with an edit."""
    with tempfile.TemporaryDirectory() as folder, LocalChamber(executor="simulated") as chamber:
        project = Path(folder)
        write(project)
        with chamber.client() as client:
            first = submitted(client, project, chamber.team)
            unchanged = submitted(client, project, chamber.team)
            (project / "part_7.py").write_text("edited = True\n", "utf-8")
            edited = submitted(client, project, chamber.team)
    print(f"run() of {FILES} files, {FILES * SIZE / 1e6:.0f} MB, until it is submitted")
    for name, (seconds, upload) in {"first": first, "unchanged": unchanged, "one edit": edited}.items():
        print(f"  {name:10} {seconds / first[0]:5.2f} of the first   {upload}")


def write(project: Path) -> None:
    """A project of files that do not compress, as most data does not."""
    noise = random.Random(0)
    (project / "train.py").write_text("print('trained')\n", "utf-8")
    for number in range(FILES):
        (project / f"part_{number}.py").write_bytes(b"#" + noise.randbytes(SIZE // 2).hex().encode())


def submitted(client: ChamberClient, project: Path, team: str) -> tuple[float, str]:
    """Seconds until the project is submitted, and what the run said of its upload."""
    said: list[str] = []
    started = time.perf_counter()
    client.run(
        project, team=team, on_progress=lambda stage, message: said.append(message) if stage == "upload" else None
    )
    return time.perf_counter() - started, said[-1].partition(": ")[0]
