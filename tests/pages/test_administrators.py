"""The administrators whose permission is used: who they are, who comes first, and who is removed."""

from datetime import UTC, datetime

import pytest

from b24app.api import errors
from b24app.models import PortalUser
from b24app.portal import tokens

pytestmark = pytest.mark.django_db
HERE = "/b24/app/settings/"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_administrators_are_listed_with_a_link_to_each(frame, two):
    page = frame.get(HERE).text
    assert [number for number in (1, 2) if f'data-open-path="/company/personal/user/{number}/"' in page] == [1, 2]
    assert (page.count(">you<"), "lanted" in page) == (1, False)


def test_another_administrator_can_be_chosen(frame, two):
    page = frame.post(HERE + "administrators/2/choose/").text
    two.refresh_from_db()
    assert (two.chosen_user_id, page.count(">chosen<")) == (2, 1)
    assert tokens.current(two).portal_user_pk == two.users.get(user_id=2).pk


def test_one_who_lacked_rights_is_tried_again_once_chosen(frame, two):
    two.users.filter(user_id=2).update(state=PortalUser.State.BARRED, dead_code="no_rights")
    assert "insufficient rights" in frame.get(HERE).text
    frame.post(HERE + "administrators/2/choose/")
    assert two.users.get(user_id=2).state == "active"


def test_one_whose_permission_is_dead_cannot_be_chosen(frame, two):
    two.users.filter(user_id=2).update(state=PortalUser.State.DEAD)
    assert frame.post(HERE + "administrators/2/choose/").status_code == 404


def test_another_portals_administrator_cannot_be_chosen(frame, two, other):
    other.users.create(user_id=77)
    assert frame.post(HERE + "administrators/77/choose/").status_code == 404


def test_the_page_says_when_each_permission_worked_last(frame, two):
    two.users.filter(user_id=1).update(proved_at=NOW)
    assert ("Last used successfully" in frame.get(HERE).text, frame.get(HERE).text.count("not used yet")) == (True, 1)


def test_a_permission_can_be_removed(frame, two):
    assert frame.post(HERE + "administrators/2/remove/").status_code == 200
    assert list(two.users.values_list("user_id", flat=True)) == [1]


def test_the_last_permission_that_works_stays(frame, two):
    two.users.filter(user_id=2).update(state=PortalUser.State.DEAD)
    assert frame.post(HERE + "administrators/1/remove/").status_code == 422
    assert two.users.count() == 2


def test_one_that_works_no_more_can_be_removed(frame, two):
    two.users.filter(user_id=2).update(state=PortalUser.State.DEAD)
    frame.post(HERE + "administrators/2/remove/")
    assert list(two.users.values_list("user_id", flat=True)) == [1]


def test_another_portals_administrator_is_not_there(frame, two, other):
    other.users.create(user_id=77)
    other.users.create(user_id=78)
    assert frame.post(HERE + "administrators/77/remove/").status_code == 404
    assert other.users.count() == 3


def test_a_permission_that_is_removed_during_its_renewal_gives_way_to_another(two):
    row = two.users.get(user_id=1)
    in_use = tokens.current(two, row.pk)
    assert tokens.forget(two, 1)
    with pytest.raises(errors.OtherUser):
        tokens.renew(two, in_use)
    assert tokens.current(two).portal_user_pk != row.pk
