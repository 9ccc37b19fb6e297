"""The page of senders tells what the table says."""

from tests.senders_page import PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.senders_page"
