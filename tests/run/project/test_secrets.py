import pytest
from hypothesis import given
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
