"""What several tests of the pages share: a visitor, and what they read out of HTML."""

import json
import re
from pathlib import Path

VISITOR = {"name": "Ines Martin", "phone": "+7 (916) 123-45-67", "email": "ines@shop.example", "comment": "Two BIKES"}


def error_of(page: str, field: str) -> str:
    """The error beside the field with this id, which has to be marked as wrong and to name its error."""
    tag = re.search(rf'<(?:input|select|textarea)[^>]* id="{field}(?:_0)?"[^>]*>', page)
    error = re.search(rf'<p class="error" id="{field}_error">([^<]*)</p>', page)
    assert tag and error, f"{field} has no error"
    assert 'aria-invalid="true"' in tag[0]
    assert re.search(rf'aria-describedby="(?:[^"]* )?{field}_error"', page)
    return error[1]


def hidden_fields(page: str) -> dict[str, str]:
    """The values of the page's hidden fields, by their names; of several with one name the last."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def rule_of_style(selector: str) -> str:
    """What the style sheet of the pages says of exactly this selector, for screens of any width."""
    sheet = re.sub(r"/\*.*?\*/", "", Path("b24app/static/b24app/app.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    (rule,) = re.findall(rf"^{re.escape(selector)}{{(.*)}}$", sheet, re.MULTILINE)
    return str(rule)


def named(checks, name):
    """The check with this name."""
    (check,) = [check for check in checks if check.name == name]
    return check


def json_lines(answer):
    """The records of an export, one a line."""
    return [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]
