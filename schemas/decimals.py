"""Decimals with a fixed number of places, so that the same value is always written in the same way, wherever it was kept before."""

from decimal import Decimal

from pydantic import AfterValidator


def places(count: int) -> AfterValidator:
    """Write a decimal with `count` places: 6 as 6.000."""
    one = Decimal(1).scaleb(-count)
    return AfterValidator(lambda value: value.quantize(one))
