"""What the parts of a sentence say of each other: a quantity for each of a list or for what was just named, one thing instead of another."""

from collections.abc import Sequence

from schemas.analysis import Operation
from services.ai_agent.analyzer.parts import Part
from services.ai_agent.analyzer.phrases import split_at_and
from services.ai_agent.analyzer.quantities import Quantity
from services.ai_agent.analyzer.readings import LIKELY, UNSURE, Reading
from services.ai_agent.analyzer.tokens import Token, word_at


class Context:
    """The readings of a sentence, part after part."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._each: Quantity | None = None
        self._last: Reading | None = None

    def take(self, part: Part, found: Sequence[Reading], readings: list[Reading], mentions: list[Reading]) -> None:
        """Note what a part says, in the light of what the sentence said before."""
        for reading in found:
            self._take(part, reading, readings, mentions)

    def mention(self, mention: Reading, readings: list[Reading], mentions: list[Reading]) -> None:
        """Note products that were named without a quantity, or with the one that holds for each."""
        pieces = split_at_and(self._tokens, mention.product) if mention.product else []
        if self._each is not None:
            readings.extend(
                mention._replace(start=piece.start, end=piece.end, quantity=self._each, product=piece, confidence=LIKELY) for piece in pieces
            )
            return
        are_two = len(pieces) > 1 and all(piece.end - piece.start > 1 for piece in pieces)
        mentions.extend([mention._replace(start=piece.start, end=piece.end, product=piece) for piece in pieces] if are_two else [mention])
        self._last = mentions[-1]

    def _take(self, part: Part, reading: Reading, readings: list[Reading], mentions: list[Reading]) -> None:
        last, self._last = self._last, None
        quantity, product = reading.quantity, reading.product
        if quantity and product and reading.operation is Operation.ADD and word_at(self._tokens, quantity.end) == "each":
            self._each = quantity
            pieces = split_at_and(self._tokens, product)
            readings.extend(reading._replace(product=piece, end=piece.end) for piece in pieces)
        elif last in mentions and last is not None and product is None and reading.operation is Operation.SET:
            mentions.remove(last)
            readings.append(last._replace(end=reading.end, quantity=quantity, confidence=UNSURE))
        elif last and last.operation is Operation.REMOVE and last.product and product and self._says_instead(part):
            readings.remove(last)
            readings.append(reading._replace(operation=Operation.SWAP, start=last.start, replaces=last.product, confidence=LIKELY))
        else:
            readings.append(reading)
            self._last = reading

    def _says_instead(self, part: Part) -> bool:
        return any(token.word == "instead" for token in self._tokens[part.start : part.stop])
