"""Single words by which a contact stops our messages, or lets them come again. Pure.

On SMS these are the words that Twilio itself acts on: after any of them it sends nothing more to that number. On WhatsApp nobody acts on words, and
"cancel", "end" and "quit" are what customers write about their orders; only words that cannot be about an order count there. "Yes" confirms an order
on every channel and never is a word on consent. In mail nobody opts out by a word.
"""

from schemas.contact import Channel

STOP = {"stop", "stopall", "unsubscribe", "optout", "baja", "desuscribir", "descadastrar", "descadastre"}
START = {"start", "unstop", "subscribe", "suscribir", "inscrever"}
STOP_IN = {
    Channel.SMS: STOP | {"cancel", "end", "quit", "revoke", "alto", "parar", "pare", "sair"},
    Channel.WHATSAPP: STOP,
}


def word_on_consent(channel: Channel, text: str) -> bool | None:
    """Return whether we may write after this message; null where it says nothing of that."""
    word = text.strip().strip(".!").casefold()
    if word in STOP_IN.get(channel, ()):
        return False
    return True if word in START and channel in STOP_IN else None
