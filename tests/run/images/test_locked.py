import pytest

from chamber.run.images import locked
from chamber.run.images.catalogue import Row

ROW = Row("nvcr.io/nvidia/pytorch:25.01-py3", "3.12", (12, 8), {"torch": "2.6.0a0", "triton": "", "numpy": "1.26.4"})
HASH = f"--hash=sha256:{'0' * 64}"
FILE = f"""\
# made of uv.lock
Torch==2.6.0 ; sys_platform == "linux" {HASH} \\
    {HASH}
triton==3.1.0 {HASH}
nvidia-cublas-cu12==12.8.3.14 {HASH}
nvidia-cusparselt-cu13==0.7 {HASH}
nvidia-dali-cuda120==1.4 {HASH}
requests==2.32.3 {HASH}
""".encode()


def test_what_a_base_ships_and_what_torch_brings_of_cuda_is_left_out() -> None:
    left_out = locked.left_out(FILE, ROW)
    assert set(left_out) == {"torch", "triton", "nvidia-cublas-cu12", "nvidia-cusparselt-cu13"}
    assert left_out["torch"] == 'Torch==2.6.0; sys_platform == "linux"'


def test_cuda_stays_where_no_framework_is_left_out() -> None:
    assert locked.left_out(f"numpy==1.26.4\nnvidia-nccl-cu12==2.1 {HASH}".encode(), ROW) == {"numpy": "numpy==1.26.4"}


def test_the_rest_of_the_file_is_kept_with_its_hashes() -> None:
    kept = locked.without(FILE, locked.left_out(FILE, ROW)).decode()
    assert kept == f"nvidia-dali-cuda120==1.4 {HASH}\nrequests==2.32.3 {HASH}\n"


def test_a_file_without_any_of_it_is_the_same_bytes() -> None:
    assert locked.without(FILE, {"absent"}) is FILE


@pytest.mark.parametrize(
    ("content", "hashed"),
    [
        (FILE, True),
        (f"a==1 {HASH}\nb==1".encode(), False),
        (b"a==1", False),
        (b"", False),
        (f"a==1 {HASH}\n--index-url https://a".encode(), True),
    ],
)
def test_hashes_are_required_where_all_have_them(content: bytes, hashed: bool) -> None:
    assert locked.all_hashed(content) is hashed


def test_pip_gets_all_hashes_or_none() -> None:
    assert locked.without_hashes(FILE) is FILE
    assert locked.without_hashes(b"a==1") == b"a==1"
    mixed = f"a==1 ; python_version > '3' {HASH}\nb @ git+https://a/b@c\n".encode()
    assert locked.without_hashes(mixed) == b"a==1 ; python_version > '3'\nb @ git+https://a/b@c\n"
