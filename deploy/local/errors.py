"""What can go wrong with the local stack, told in one sentence."""


class LocalStackError(Exception):
    """The local stack cannot go on; the message is one sentence that says what is wrong and what to do about it."""
