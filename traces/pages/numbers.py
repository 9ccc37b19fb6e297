"""Numbers as the reader writes them."""

from django.utils import formats


def grouped(number: int) -> str:
    """A number with its thousands apart: 1,000 or 1 000."""
    return formats.number_format(number, use_l10n=True, force_grouping=True)
