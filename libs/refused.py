"""The family of errors that are for ever: trying again cannot help."""


class Refused(Exception):
    """A rule says no. The event goes to the dead letters, the API caller gets a problem with this text.

    The text is read by operators and callers: it says what was wrong and what to do, and holds nothing that a customer wrote.
    """

    status = 422
    """The HTTP status that an API answers with."""


class NotFound(Refused):
    """There is no such thing in this tenant."""

    status = 404


class Conflict(Refused):
    """The thing has changed since, or exists already."""

    status = 409
