import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chamber.run.project.secrets import kind_of_key

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("key = 'AKIA" + "Q2W3E4R5T6Y7U2I3'", "AWS"),
        ("x=ghp_" + "a1B2" * 9, "GitHub"),
        ("github_pat_" + "a" * 82, "GitHub"),
        ("token: hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh", "Hugging Face"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n", "private key"),
        (f'{{"private_key": "-----BEGIN PRIVATE KEY-----\\n{BODY}\\n"}}', "private key"),
        (
            f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4\nDEK-Info: AES\n\n{BODY}",
            "private key",
        ),
        (f"-----BEGIN OPENSSH PRIVATE KEY-----\r\n{BODY}", "private key"),
        ("CHAMBER_TOKEN=ch." + "x9Y8z7W6v5U4t3S2r1Q0p9O8", "Chamber"),
    ],
)
def test_keys_are_told_by_their_shape(text: str, kind: str) -> None:
    assert kind in (kind_of_key(text.encode()) or "")


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "the prefix AKIA is Amazon's",
        "XAKIA" + "Q2W3E4R5T6Y7U2I3",
        "if key.startswith('ghp_'):",
        "hf_hub_download(repo_id='meta-llama/Llama-3', filename='config.json')",
        "HF_TOKEN = os.environ['hf_token_of_the_account_that_reads_models']",
        'if "-----BEGIN PRIVATE KEY-----" in text:\n    raise ValueError("a private key was found here")',
        "-----BEGIN CERTIFICATE-----\n" + BODY,
        "torch.nn.functional.scaled_dot_product_attention(query1, key2, value3)",
        "ch.basic_consume_of_a_channel_with_a_very_long_name()",
        "import ch.qos.logback.classic.encoder.PatternLayoutEncoder",
        "ch.layer_1_and_layer_2_of_a_long_name()",
    ],
)
def test_ordinary_text_is_no_key(text: str) -> None:
    assert kind_of_key(text.encode()) is None


@given(st.binary(max_size=4000))
def test_noise_is_searched_without_harm(noise: bytes) -> None:
    assert kind_of_key(b"-----BEGIN PRIVATE KEY-----" + noise) in (None, "a private key")


#: The shapes as one would write them down, without a thought of how long they take.
PLAIN = [
    rb"(?<![A-Za-z0-9])A[KS]IA(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9])",
    rb"(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36}",
    rb"github_pat_[A-Za-z0-9_]{82}",
    rb"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{34,64}(?![A-Za-z0-9_])",
    rb"(?<![A-Za-z0-9_.])ch\.(?=(?:[A-Za-z_-]{0,200}[0-9]){2})[A-Za-z0-9_-]{24,255}(?![A-Za-z0-9_(])",
    rb"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:[\s\"'+,]|\\[nr]|[\w-]{1,40}: [^\n]{0,100}\n){1,20}[A-Za-z0-9+/]{40}",
]
KEYS = [
    b"AKIA" + b"Q2W3E4R5T6Y7U2I3",
    b"ASIA" + b"Q2W3E4R5T6Y7U2I3",
    *[b"gh%c_" % kind + b"a1B2" * 9 for kind in b"pousr"],
    b"github_pat_" + b"a" * 82,
    b"hf_" + b"AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
    b"ch." + b"x9Y8z7W6v5U4t3S2r1Q0p9O8",
    f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n".encode(),
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{BODY}\n".encode(),
]
#: What keys are made of, and what stands around them, so that some almost are one.
PIECES = st.one_of(
    st.sampled_from([*KEYS, b"PRIVATE KEY", b"AKIA", b"I", b"h", b"ghp_", b"hf_", b"hub_pat_", b"ch.", b"EXAMPLE"]),
    st.sampled_from(KEYS).flatmap(lambda key: st.integers(1, len(key)).map(lambda end: key[:end])),
    st.binary(max_size=3),
    st.sampled_from([b"A" * 9, b"a1" * 20, b"_", b" ", b"\n", b".", b"(", b"-"]),
)


@given(st.lists(PIECES, max_size=8).map(b"".join))
@example(b"PRIVATE KEY " + KEYS[0])
@example(KEYS[0] + b" PRIVATE KEY")
@example(b"PRIVATE KEY " + KEYS[-1])
def test_the_quick_search_finds_what_the_plain_one_finds(text: bytes) -> None:
    assert (kind_of_key(text) is not None) is any(re.search(shape, text) for shape in PLAIN)


@given(key=st.sampled_from(KEYS), before=st.binary(max_size=300), after=st.binary(max_size=300))
def test_a_key_is_found_wherever_it_stands(key: bytes, before: bytes, after: bytes) -> None:
    assert kind_of_key(b"%b %b %b" % (before, key, after)) is not None
