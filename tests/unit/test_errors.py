"""What each error code of a portal and of its OAuth server means to us."""

import re

import pytest

from b24app.api import errors
from b24app.api.errors import Ambiguous, Moved, OtherUser, Poison, PortalError, Refused, Renew, Stop, Transient, Wait


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("QUERY_LIMIT_EXCEEDED", 503, Wait),
        ("OPERATION_TIME_LIMIT", 429, Wait),
        ("OVERLOAD_LIMIT", 503, Stop),
        ("INTERNAL_SERVER_ERROR", 500, Ambiguous),
        ("ERROR_UNEXPECTED_ANSWER", 500, Ambiguous),
        ("CONNECTION_ERROR", 401, Transient),
        ("expired_token", 401, Renew),
        ("EXPIRED_TOKEN", 401, Renew),
        ("invalid_token", 401, Renew),
        ("NO_AUTH_FOUND", 401, Renew),
        ("INVALID_CREDENTIALS", 401, Stop),
        ("authorization_error", 401, OtherUser),
        ("user_access_error", 401, OtherUser),
        ("allowed_only_intranet_user", 403, OtherUser),
        ("ACCESS_DENIED", 401, Stop),
        ("ACCESS_DENIED", 403, OtherUser),
        ("ACCESS_DENIED", 400, OtherUser),
        ("insufficient_scope", 401, Stop),
        ("APPLICATION_NOT_FOUND", 401, Stop),
        ("NOT_INSTALLED", 401, Stop),
        ("ERROR_OAUTH", 401, Stop),
        ("PAYMENT_REQUIRED", 401, Stop),
        ("PORTAL_DELETED", 403, Stop),
        ("PORTAL_DELETED", 500, Stop),
        ("INVALID_REQUEST", 401, Stop),
        ("METHOD_CONFIRM_WAITING", 401, Stop),
        ("METHOD_CONFIRM_DENIED", 403, Refused),
        ("WRONG_AUTH_TYPE", 403, Refused),
        ("WRONG_LICENSE", 403, Stop),
        ("ERROR_METHOD_NOT_FOUND", 404, Stop),
        ("ERROR_BATCH_METHOD_NOT_ALLOWED", 405, Refused),
        ("ERROR_BATCH_LENGTH_EXCEEDED", 400, Refused),
        ("ERROR_CORE", 400, Refused),
        ("ERROR_CORE", 500, Ambiguous),
        ("ERROR_ARGUMENT", 400, Refused),
        ("INVALID_ARG_VALUE", 400, Refused),
        ("", 400, Refused),
        ("NOT_FOUND", 400, Refused),
        ("ERROR_NOT_FOUND", 404, Refused),
        ("WRONG_ENCODING", 200, Refused),
        ("invalid_client", 400, Stop),
        ("wrong_client", 200, Stop),
        ("invalid_grant", 400, OtherUser),
        ("bad_verification_code", 400, OtherUser),
        ("invalid_scope", 403, Stop),
        ("access_denied", 401, Stop),
        ("session_failed", 401, Transient),
        ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, Transient),
        ("INTERNAL_WRONG_TRANSPORT", 500, Transient),
        ("INTERNAL_WRONG_HANDLER_CLASS", 500, Transient),
        ("", 500, Ambiguous),
        ("SOMETHING_NEW", 400, Transient),
        ("SOMETHING_NEW", 500, Transient),
    ],
)
def test_each_code_means_what_the_caller_must_do(code, status, kind):
    for written in (code, code.upper(), code.lower(), code.title()):
        assert type(errors.of_answer(written, "", status, "crm.tracking.trace.add")) is kind


ADD, GET = "crm.tracking.trace.add", "crm.lead.get"
PLAN, SUBSCRIPTION = "REST API is available only on commercial plans.", "REST is available only by subscription."
CONTEXT = "Current user can't be authorized in this context"


@pytest.mark.parametrize(
    ("code", "text", "status", "meaning"),
    [
        ("ERROR_OAUTH", "Application not installed", 401, "not_installed"),
        ("ERROR_OAUTH", "Subscription has been ended", 401, "payment_required"),
        ("ACCESS_DENIED", PLAN, 401, "plan"),
        ("ACCESS_DENIED", PLAN, 403, "plan"),
        ("ACCESS_DENIED", SUBSCRIPTION, 401, "market_subscription"),
        ("ACCESS_DENIED", SUBSCRIPTION, 403, "market_subscription"),
        ("", "Disk quota exceeded. Please contact the administrator.", 400, "disk_quota"),
        ("", "Превышена квота на дисковое пространство", 400, "disk_quota"),
        ("ERROR_CORE", "Недостаточно места на диске.", 400, "disk_quota"),
    ],
)
def test_one_code_that_stops_for_several_reasons_is_told_by_its_text(code, text, status, meaning):
    error = errors.of_answer(code, text, status, ADD)
    assert (type(error), error.code) == (Stop, meaning)


@pytest.mark.parametrize(
    "text",
    ["The field “Disk space” is required.", 'Wrong value "disk quota"', "Поле Дисконт: мест нет", "No space left"],
)
def test_what_names_a_field_or_a_value_is_no_quota_of_the_portal(text):
    assert type(errors.of_answer("", text, 400, ADD)) is Refused


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(
    ("code", "text", "method", "kind", "meaning"),
    [
        ("", "Access denied.", ADD, OtherUser, "no_rights"),
        ("", "access denied", "crm.lead.add", OtherUser, "no_rights"),
        ("", "Access denied.", "crm.deal.list", OtherUser, "no_rights"),
        ("", "Доступ запрещен.", ADD, OtherUser, "no_rights"),
        ("0", "Access denied.", ADD, OtherUser, "no_rights"),
        ("", "Access denied.", "crm.duplicate.findbycomm", OtherUser, "no_rights"),
        ("", "Access denied.", GET, Refused, "access_denied"),
        ("", "Access denied.", "crm.deal.update", Refused, "access_denied"),
        ("", "Access denied.", "crm.deal.contact.add", Refused, "access_denied"),
        ("ERROR_CORE", "You have no access to entity `LEAD` with ID `7`.", ADD, Refused, "error_core"),
        ("ACCESS_DENIED", CONTEXT, ADD, OtherUser, "not_allowed"),
        ("ACCESS_DENIED", CONTEXT, GET, OtherUser, "not_allowed"),
    ],
)
def test_rights_that_a_user_lacks_are_not_the_portals(code, text, method, kind, meaning, status):
    error = errors.of_answer(code, text, status, method)
    assert (type(error), error.code) == (kind, meaning)


@pytest.mark.parametrize(
    ("code", "text", "lasts"),
    [
        ("authorization_error", "Unable to authorize user", True),
        ("invalid_grant", "", True),
        ("ACCESS_DENIED", CONTEXT, False),
        ("user_access_error", "", False),
        ("", "Access denied.", False),
    ],
)
def test_a_dead_pair_is_told_from_a_user_who_may_not_now(code, text, lasts):
    assert errors.of_answer(code, text, 401, ADD).lasts is lasts


@pytest.mark.parametrize(
    ("code", "reason"),
    [("authorization_error", "webhook_owner_gone"), ("no_rights", "no_rights"), ("not_allowed", "not_allowed")],
)
def test_a_webhook_has_no_other_user(code, reason):
    stop = errors.of_webhook(OtherUser(code, "Unable to authorize user", status=401))
    assert (type(stop), stop.code, stop.description) == (Stop, reason, "Unable to authorize user")


@pytest.mark.parametrize("code", ["ERROR_METHOD_NOT_FOUND", "METHOD_CONFIRM_WAITING", "WRONG_LICENSE"])
def test_what_one_method_lacks_is_not_the_portals(code):
    assert errors.of_answer(code, "", 404, ADD).method == ADD
    assert errors.of_answer(code, "", 404, "batch").method == ""


@pytest.mark.parametrize("code", ["PAYMENT_REQUIRED", "ACCESS_DENIED", "insufficient_scope"])
def test_what_the_portal_lacks_concerns_every_method(code):
    assert errors.of_answer(code, PLAN, 401, ADD).method == ""


def test_a_fault_of_the_database_is_the_same_inside_a_batch():
    alone = errors.of_answer("ERROR_CORE", "SQL query error!", 500, ADD)
    inside = errors.of_answer("ERROR_CORE", "SQL query error!", 200, ADD)
    assert type(alone) is type(inside) is Ambiguous


def test_operating_time_blocks_one_method_for_long():
    error = errors.of_answer("OPERATION_TIME_LIMIT", "", 429, "crm.tracking.trace.add")
    assert isinstance(error, Wait)
    assert (error.method, error.seconds) == ("crm.tracking.trace.add", 60.0)


@pytest.mark.parametrize(
    ("status", "kind", "of_oauth"),
    [
        (200, Ambiguous, Ambiguous),
        (400, Poison, Transient),
        (401, Transient, Transient),
        (403, Poison, Transient),
        (404, Stop, Transient),
        (406, Poison, Transient),
        (410, Stop, Transient),
        (413, Poison, Transient),
        (500, Ambiguous, Ambiguous),
        (502, Ambiguous, Ambiguous),
        (503, Transient, Transient),
        (504, Ambiguous, Ambiguous),
    ],
)
def test_a_page_instead_of_data_is_read_by_its_status(status, kind, of_oauth):
    assert type(errors.of_unreadable(status, ADD)) is kind
    assert type(errors.of_unreadable(status, "oauth")) is of_oauth


@pytest.mark.parametrize(
    ("location", "kind", "code"),
    [
        ("/bitrix/coupon_activation.php", Stop, "licence"),
        ("https://acme.example/bitrix/coupon_activation.php", Stop, "licence"),
        ("https://ACME.example/bitrix/coupon_activation.php?back=%2Frest%2F", Stop, "licence"),
        ("/closed.html", Stop, "redirected"),
        ("https://acme.example/auth/", Stop, "redirected"),
        ("", Stop, "redirected"),
        ("https://new.example/rest/", Moved, "moved"),
        ("//new.example/rest/", Moved, "moved"),
        ("https://[broken", Moved, "moved"),
    ],
)
def test_a_redirect_is_a_move_only_where_it_names_another_host(location, kind, code):
    error = errors.of_redirect(location, "https://acme.example/rest/profile")
    assert (type(error), error.code) == (kind, code)


def test_a_redirect_to_https_says_that_the_portal_wants_encryption():
    assert errors.of_redirect("https://acme.example/rest/x", "http://acme.example/rest/x").code == "invalid_request"


def test_https_only_and_a_misunderstood_renewal_have_different_remedies():
    assert errors.of_answer("INVALID_REQUEST", "", 401, "profile").code == "invalid_request"
    assert errors.of_answer("invalid_request", "", 400, "oauth").code == "invalid_client"


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 pair", "x" * 100_000])
def test_whatever_a_portal_says_can_be_stored(text):
    error = errors.of_answer(text, text, 400, "m")
    for kept, longest in ((error.code, errors.MAX_CODE_LENGTH), (error.description, errors.MAX_DESCRIPTION_LENGTH)):
        assert kept and len(kept) <= longest and "\0" not in kept and kept.encode()


def test_every_class_is_in_the_drawn_tree():
    drawn = set(re.findall(r"── (\w+)", errors.__doc__))
    assert drawn == {kind.__name__ for kind in PortalError.__subclasses__()}


@pytest.mark.parametrize("code", [0, "0", "100", None, "", {"code": "", "message": "ignored"}])
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_that_says_nothing_is_judged_alike_alone_and_in_a_batch(code, status):
    error = errors.of_body({"error": code, "error_description": "Could not find value"}, status, ADD)
    assert (type(error), error.code) == (Refused, "refused")


def test_the_portals_words_are_read_without_their_markup():
    error = errors.of_body({"error": "", "error_description": "Access <b>denied</b>.<br />\n"}, 400, ADD)
    assert (type(error), error.code, error.description) == (OtherUser, "no_rights", "Access denied.")


def test_the_words_of_a_value_stay():
    error = errors.of_body({"error": "ERROR_CORE", "error_description": "Field &quot;A&quot;: 3 < 5"}, 400, ADD)
    assert error.description == 'Field "A": 3 < 5'


def test_a_page_that_says_too_many_requests_asks_for_patience():
    assert type(errors.of_unreadable(429, ADD)) is Wait
    assert type(errors.of_unreadable(429, "oauth")) is Transient
