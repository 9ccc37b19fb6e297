"""What the tests of the pages read out of HTML."""

import re


def error_of(page: str, field: str) -> str:
    """The error beside the field with this id, which has to be marked as wrong and to name its error."""
    tag = re.search(rf'<(?:input|select|textarea)[^>]* id="{field}(?:_0)?"[^>]*>', page)
    error = re.search(rf'<p class="error" id="{field}_error">([^<]*)</p>', page)
    assert tag and error, f"{field} has no error"
    assert 'aria-invalid="true"' in tag[0]
    assert re.search(rf'aria-describedby="(?:[^"]* )?{field}_error"', page)
    return error[1]
