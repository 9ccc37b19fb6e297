"""The places of the portal that show us."""

import pytest

from b24app.models import Portal
from b24app.portal import install, placements


@pytest.fixture
def bound(portal):
    return lambda: {one["placement"]: one for one in portal.placements}


def test_the_installation_binds_the_tabs_and_the_menu(wired, portal, db, bound):
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert set(bound()) == {*placements.CARDS, placements.ANALYTICS}


def test_each_language_has_its_title(wired, portal, db, bound):
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    titles = bound()["CRM_DEAL_DETAIL_TAB"]["langAll"]
    assert (titles["en"]["TITLE"], titles["ru"]["TITLE"]) == ("Visitor journey", "Путь посетителя")
    assert {"br", "la", "de"} <= set(titles)


def test_the_contact_centre_needs_its_own_right(wired, portal, db, bound):
    portal.scope = "crm,placement,contact_center"
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert bound()["CONTACT_CENTER"]["handler"] == placements.handler_of("CONTACT_CENTER")


def test_without_the_right_nothing_is_asked(wired, portal, db):
    portal.scope = "crm"
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert [hit.method for hit in portal.hits if "placement" in hit.method or hit.method == "batch"] == []


def test_an_opening_soon_after_asks_nothing_and_an_update_binds_again(installed, portal, bound):
    portal.placements.clear()
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert bound() == {}
    portal.version += 1
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert len(bound()) == 5


def test_turned_off_they_are_taken_away_and_stay_away(installed, portal, bound):
    placements.switch(installed, on=False)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert bound() == {}
    placements.switch(Portal.objects.get(), on=True)
    assert len(bound()) == 5


def test_a_portal_that_refuses_is_installed_all_the_same(wired, portal, db, bound):
    portal.lacks = {"placement.get"}
    assert install.open_frame(install.claim_of_frame(*portal.frame_post())).is_admin
    assert (bound(), Portal.objects.get().places_bound_at) == ({}, None)


def test_a_place_that_the_portal_does_not_know_keeps_no_other_from_being_bound(wired, portal, db, bound):
    portal.scope = "placement,contact_center"
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    Portal.objects.update(scope="crm,placement,contact_center", places_bound_at=None)
    placements.switch(Portal.objects.get(), on=True)
    assert set(bound()) == {"CONTACT_CENTER"}
