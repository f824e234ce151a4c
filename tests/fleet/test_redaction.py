"""Nothing that looks like a secret may be kept in a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.redaction import redact

KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer eyJ0eXAiOiJKV1QifQ.eyJhdWQiOi.c2ln", "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOi.c2ln"),
        ("401 for bearer abcdef0123456789", "abcdef0123456789"),
        ("a token eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x in the middle", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x"),
        (f"Endpoint=https://shop.azconfig.io;Id=ab-l0-s0:cd;Secret={KEY}", KEY),
        (f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={KEY};EndpointSuffix=core", KEY),
        ("https://shop.blob.core.windows.net/a?sv=2024-01-01&sig=abc%2Bdef%3D&se=x", "abc%2Bdef%3D"),
        ("postgresql://deck:hunter2secret@db.internal/qd", "hunter2secret"),
        ('{"client_secret": "s3cr3t-value"}', "s3cr3t-value"),
        ("password=correct-horse", "correct-horse"),
        ("DB_PASSWORD: horse.battery", "horse.battery"),
        ("remote: ghp_0123456789abcdefghij0123456789abcdef", "ghp_0123456789abcdefghij0123456789abcdef"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("xoxb-1234567890-abcdefgh", "xoxb-1234567890-abcdefgh"),
        (f"key {KEY} of the store", KEY),
    ],
)
def test_a_secret_is_masked_and_everything_around_it_stays(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert len(masked) == len(text)
    before = text.index(secret)
    assert masked[before : before + len(secret)] == "*" * len(secret)


@pytest.mark.parametrize(
    "text",
    [
        "production/checkout@westeurope  2.14.3  ● healthy  staging 2.15.0 10%",
        "qd swap production/checkout --from blue",
        "hash  9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "  DB_CONNECTION  connection string  sticks to its slot",
        "FEATURE_TIMEOUT app setting moves with the build",
        "0193c1f0-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
        "sign in again: az login",
        "conn: ana since 13:58   azure 3s   prom 5s",
        "westeurope=75 northeurope=25",
    ],
)
def test_what_a_screen_usually_shows_is_left_alone(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=300))
def test_any_text_keeps_its_length_and_is_redacted_once_and_for_all(text: str) -> None:
    masked = redact(text)
    assert len(masked) == len(text)
    assert redact(masked) == masked
