import pytest

from chamber.run.job import resources
from chamber.run.job.resources import TYPES


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("H100", "H100"),
        ("h100", "H100"),
        ("NVIDIA-H100-80GB-HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100"),
        ("H100 SXM", "H100"),
        ("H100-SXM5-80GB", "H100"),
        ("nvidia_h100_nvl", "H100"),
        ("NVIDIA-H200", "H200"),
        ("a100-80gb", "A100"),
        ("a100_80gb", "A100"),
        ("A100 80 GB", None),
        ("A100-SXM4-80GB", "A100"),
        ("NVIDIA A100-PCIE-40GB", "A100"),
        ("Tesla-V100-SXM2-16GB", "V100"),
        ("Tesla T4", "T4"),
        ("NVIDIA-L40S", "L40S"),
        ("NVIDIA-A10G", "A10G"),
        ("NVIDIA GeForce RTX 4090", "RTX-4090"),
        ("NVIDIA RTX A6000", "RTX-A6000"),
        ("A6000", "RTX-A6000"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX-6000-Ada"),
        ("NVIDIA-GB200", "GB200"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("MI300X", "MI300X"),
        ("AMD Instinct MI300X OAM", "MI300X"),
        ("AMD_Instinct_MI250X", "MI250X"),
        ("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", None),
        ("TPU", None),
        ("", None),
        ("GPU", None),
    ],
)
def test_a_gpu_type_is_known_in_its_usual_spellings(spelling: str, name: str | None) -> None:
    assert resources.of(spelling) == (TYPES[name] if name else None)


def test_amd_gpus_are_asked_for_by_their_own_name() -> None:
    assert {name for name, known in TYPES.items() if known.resource == "amd.com/gpu"} == {
        name for name in TYPES if name.startswith("MI")
    }


def test_no_two_types_of_the_table_are_written_alike() -> None:
    assert all(resources.of(name) is known for name, known in TYPES.items())
