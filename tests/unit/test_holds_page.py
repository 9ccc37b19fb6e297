"""The page of the reasons for a hold tells what the tables say."""

from b24app.api.remedies import REMEDIES
from tests.holds_page import HOLDS, PAGE, page

# One method's, and what stands before a portal.
ELSEWHERE = {"method_missing", "confirmation_waiting", "feature_missing", "forbidden"}
# What takes a second administrator's token first.
OF_USERS = {"no_rights", "not_allowed"}


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.holds_page"


def test_every_reason_is_followed_to_its_end():
    assert {hold.code for hold in HOLDS} | ELSEWHERE | OF_USERS == set(REMEDIES)
