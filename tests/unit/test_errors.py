"""What each error code of a portal and of its OAuth server means to us."""

import re

import pytest

from b24app.api import errors
from b24app.api.errors import Ambiguous, OtherUser, Poison, PortalError, Refused, Renew, Stop, Transient, Wait


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
        ("NO_AUTH_FOUND", 401, Transient),
        ("INVALID_CREDENTIALS", 401, Stop),
        ("authorization_error", 401, OtherUser),
        ("user_access_error", 401, OtherUser),
        ("allowed_only_intranet_user", 403, OtherUser),
        ("ACCESS_DENIED", 401, Stop),
        ("ACCESS_DENIED", 403, Refused),
        ("ACCESS_DENIED", 400, Refused),
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


@pytest.mark.parametrize(
    ("description", "reason"),
    [("Application not installed", "not_installed"), ("Subscription has been ended", "payment_required")],
)
def test_error_oauth_says_two_things(description, reason):
    assert errors.of_answer("ERROR_OAUTH", description, 401, "m").code == reason


def test_a_plan_without_rest_is_known_by_its_text_too():
    text = "REST API is available only on commercial plans"
    assert errors.of_answer("ACCESS_DENIED", text, 403, "m").code == "plan"


def test_operating_time_blocks_one_method_for_long():
    error = errors.of_answer("OPERATION_TIME_LIMIT", "", 429, "crm.tracking.trace.add")
    assert isinstance(error, Wait)
    assert (error.method, error.seconds) == ("crm.tracking.trace.add", 60.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Ambiguous),
        (404, Transient),
        (403, Poison),
        (500, Ambiguous),
        (502, Ambiguous),
        (503, Transient),
        (504, Ambiguous),
    ],
)
def test_a_page_instead_of_data_is_read_by_its_status(status, kind):
    assert type(errors.of_unreadable(status)) is kind


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
