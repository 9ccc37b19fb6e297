"""The limits on one request, and the errors beyond them."""

from __future__ import annotations

from typing import NoReturn

from traces.intake.problems import Problem

MAX_BODY_BYTES = 256 * 1024  # the files that are left out are not counted
MAX_REQUEST_BYTES = 8 * 1024 * 1024  # with the files: a visitor's photo must not cost the submission
MAX_FIELDS = 1000  # of one form, or of one object
MAX_VALUES = 5000  # lists and objects count as well
MAX_DEPTH = 32
MAX_NAME_LENGTH = 1000  # characters; form builders send whole questions as names


def refuse_size(bytes_left: int) -> None:
    """Raise `Problem` (413) if a body has too many bytes, not counting files."""
    if bytes_left > MAX_BODY_BYTES:
        too_large(MAX_BODY_BYTES)


def too_large(max_bytes: int) -> NoReturn:
    """Raise `Problem` (413) for a body of more than `max_bytes`."""
    raise Problem(
        413, "too_large", f"A submission has at most {max_bytes // 1024} KiB.", "Send less text, or no files."
    )


def too_complex(what: str) -> NoReturn:
    """Raise `Problem` (422) for a body with too many parts; `what` names them."""
    raise Problem(
        422,
        "too_complex",
        f"The body cannot be taken: {what}.",
        f"At most {MAX_FIELDS} fields, {MAX_VALUES} values, {MAX_DEPTH} levels "
        f"and names of {MAX_NAME_LENGTH} characters are taken.",
    )
