"""What the headers of a mail of ours say."""

from uuid import UUID

import pytest

from libs.channels.mail_send import Mail, reply_subject


def mail(answers: str | None) -> Mail:
    return Mail(
        sender="orders@harbor.example",
        sender_name="",
        to="anna@cafe.example",
        subject="Re: Milk",
        text="In.",
        answers=answers,
        message_id=UUID(int=5),
    )


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Milk", "Re: Milk"),
        ("Re: Milk", "Re: Milk"),
        ("RE[2]: Milk", "RE[2]: Milk"),
        ("AW: Milch", "AW: Milch"),
        ("Reorder: milk", "Re: Reorder: milk"),
        ("Milk\r\nBcc: all@cafe.example", "Re: Milk Bcc: all@cafe.example"),
        ("  ", "Your order"),
        (None, "Your order"),
        ("m" * 1_000, "Re: " + "m" * 250),
    ],
)
def test_the_subject_is_that_of_the_mail_that_is_answered_in_one_line(subject: str | None, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_a_mail_has_the_same_message_id_whenever_it_is_made() -> None:
    assert mail(None).own_id == mail("<a@b.example>").own_id == "<00000000-0000-0000-0000-000000000005@harbor.example>"


@pytest.mark.parametrize("answers", [None, "", "a@b.example", "<a@b.example>\r\nBcc: all@cafe.example", "<a b@c>", "<no-at>", "<ä@b.example>"])
def test_what_is_no_message_id_is_not_referred_to(answers: str | None) -> None:
    assert [name for name, _ in mail(answers).headers()] == ["Message-ID"]


def test_a_mail_refers_to_the_one_it_answers() -> None:
    assert dict(mail("<a@b.example>").headers())["References"] == "<a@b.example>"
