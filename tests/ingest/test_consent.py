"""Which words stop our messages, and which are about an order."""

import pytest

from schemas.contact import Channel
from services.ingest.consent import word_on_consent

W, S, E = Channel.WHATSAPP, Channel.SMS, Channel.EMAIL


@pytest.mark.parametrize(
    ("text", "on_whatsapp", "on_sms"),
    [
        ("STOP", False, False),
        (" stop.\n", False, False),
        ("StopAll", False, False),
        ("unsubscribe", False, False),
        ("BAJA", False, False),
        ("descadastrar", False, False),
        ("cancel", None, False),
        ("END", None, False),
        ("quit", None, False),
        ("parar", None, False),
        ("sair!", None, False),
        ("start", True, True),
        ("UNSTOP", True, True),
        ("yes", None, None),
        ("stop the milk", None, None),
        ("please stop", None, None),
        ("stop?", None, None),
        ("", None, None),
        (".", None, None),
    ],
)
def test_a_single_word_counts_by_the_rules_of_its_channel(text: str, on_whatsapp: bool | None, on_sms: bool | None) -> None:
    assert word_on_consent(W, text) is on_whatsapp
    assert word_on_consent(S, text) is on_sms
    assert word_on_consent(E, text) is None
