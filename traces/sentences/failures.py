"""Why a submission is in its state: the sentence for a code and its parameters, and the remedy for a failure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from b24app.api import remedies
from b24app.api.remedies import REMEDIES, Text

# What fills in the sentence of a code: `words`, which the portal said; `status`, of an HTTP answer without words;
# `gave_up`, where the three days were over; `times`, of waits in a row.
Params = Mapping[str, str | int]

GAVE_UP: Text = _("The submission could not be delivered within three days.")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was not delivered: what happened, why that is, and what can be done about it."""

    happened: Text
    why: Text
    todo: Text


_VALUE = Failure(
    _("Bitrix24 rejected a value of this submission."),
    _("A field received a value of the wrong type, such as text instead of a number or a date."),
    _("Find the field that Bitrix24 names, correct it in “Forms”, then resend the submission."),
)
_MISSING = Failure(
    _("Bitrix24 can't find a record that this submission belongs to."),
    _("The record was deleted in the CRM, or its ID was wrong from the start."),
    _("Look for the record in the CRM. Resend the submission once the record exists."),
)
_TOGETHER = Failure(
    _("Bitrix24 rejected this request in a batch."),
    _("Trace Relay sends several requests in one batch, and Bitrix24 did not accept that."),
    _("Resend the submission. If the problem persists, contact the operator of Trace Relay."),
)
_UNNAMED = Failure(
    _("Bitrix24 rejected this submission."),
    _("Bitrix24 gave no error code, only this message."),
    _("Correct what Bitrix24 names, in “Forms” or in the CRM, then resend the submission."),
)
_NO_CONNECTION = Failure(
    _("Bitrix24 could not be reached."),
    _("The connection failed, or it broke before Bitrix24 had received anything."),
    _("Check whether the portal opens in your browser, then resend the submission."),
)
_NO_ANSWER_CAME = Failure(
    _("Bitrix24 gave no readable answer."),
    _("The connection broke while Bitrix24 was processing the request, or something other than Bitrix24 answered."),
    _("Check whether the record is already in the CRM. If not, resend the submission."),
)
_NEW_PERMISSION = Failure(
    _("Bitrix24 rejected a permission that had just been renewed."),
    _("It can take up to an hour until Bitrix24 recognizes the new permission."),
    _("Resend the submission in an hour."),
)
_OURS = Failure(
    _("Trace Relay could not prepare this submission."),
    _("This is a fault in Trace Relay itself. It has been logged."),
    _("Resend the submission tomorrow, or contact the operator of Trace Relay."),
)

# By `Submission.code`: what the portal may refuse, and what may go wrong again and again until the three days are over.
# The codes are those of `b24app.api.errors`; what holds the whole portal is in `b24app.api.remedies`.
FAILURES: dict[str, Failure] = {
    "error_argument": _VALUE,
    "invalid_arg_value": _VALUE,
    "crm_field_error_value_not_valid": _VALUE,
    "not_found": _MISSING,
    "error_not_found": _MISSING,
    "method_confirm_denied": Failure(
        _("An administrator declined the application's request."),
        _("Bitrix24 asks for approval before the application may do this, and the approval was denied."),
        _("Resend the submission and approve the request in the portal's notifications."),
    ),
    "wrong_auth_type": Failure(
        _("Bitrix24 does not allow this for a portal that is connected in this way."),
        _("A webhook can't do everything that an installed application can, and vice versa."),
        _("Install Trace Relay from the Market instead of using a webhook, then resend the submission."),
    ),
    "wrong_encoding": Failure(
        _("Bitrix24 could not read the characters of this submission."),
        _("A text arrived in an encoding that Bitrix24 does not support."),
        _("Set the form on your website to UTF-8. Enter this submission in the CRM by hand."),
    ),
    "error_batch_method_not_allowed": _TOGETHER,
    "error_batch_length_exceeded": _TOGETHER,
    "entity_type_not_supported": Failure(
        _("Bitrix24 can't link this kind of record to the visitor's journey."),
        _("Its CRM version does not support this kind of record, or that part of the CRM is turned off."),
        _("In “Forms”, choose another kind of record, then resend the submission."),
    ),
    "access_denied": Failure(
        _("Bitrix24 did not allow the application to do this."),
        _("The administrator whose permission the application uses may not view or change such records."),
        _(
            "Grant this right in the CRM access permissions, or open Trace Relay as an administrator who "
            "has it. Then resend the submission."
        ),
    ),
    "error_core": Failure(
        _("The CRM rejected this submission."),
        _("Usually a required CRM field is empty, or a value does not fit its field."),
        _(
            "In “Forms”, fill the field that Bitrix24 names, or make it optional in the CRM. Then resend "
            "the submission."
        ),
    ),
    "refused": _UNNAMED,
    "error": _UNNAMED,
    "": _UNNAMED,
    "spam": Failure(
        _("This submission was held because it looks like spam."),
        _(
            "It filled in a hidden field, it arrived too soon after the page was opened, or the captcha "
            "did not confirm a person."
        ),
        _("If a person sent it, resend it to deliver it. If not, delete it or leave it here."),
    ),
    "connection_error": _NO_CONNECTION,
    "unreachable": _NO_CONNECTION,
    "unreadable": _NO_ANSWER_CAME,
    "connection_lost": _NO_ANSWER_CAME,
    "timeout": _NO_ANSWER_CAME,
    "internal_server_error": _NO_ANSWER_CAME,
    "error_unexpected_answer": _NO_ANSWER_CAME,
    "poison_forbidden": Failure(
        _("Bitrix24 blocks this submission but accepts others."),
        _("A firewall or a security module in front of Bitrix24 takes something in its text for an attack."),
        _(
            "Enter it in the CRM by hand, or allow requests from Trace Relay in the portal's proactive "
            "protection. Then resend the submission."
        ),
    ),
    "poison_error": Failure(
        _("Bitrix24 fails on this submission but accepts others."),
        _("Something in it triggers a fault in Bitrix24, in an extension or in an automation rule."),
        _(
            "Check whether the record is already in the CRM. If not, enter it by hand, or have the "
            "portal's error log checked. Then resend the submission."
        ),
    ),
    "poison_silent": Failure(
        _("Bitrix24 does not answer this submission but answers others."),
        _("Something in it makes Bitrix24, or a system in front of it, drop the connection or run without end."),
        _(
            "Check whether the record is already in the CRM. If not, enter it by hand, or have the "
            "portal's error log checked. Then resend the submission."
        ),
    ),
    "worker_lost": Failure(
        _("Trace Relay was interrupted while sending this submission."),
        _("A program or a machine stopped midway, so it is unknown whether Bitrix24 has received it."),
        _("Check whether the record is already in the CRM. If not, resend the submission."),
    ),
    "answer_lost": Failure(
        _("Bitrix24 did not complete it, and the reason was lost with the reply."),
        _("The connection broke while Bitrix24 was processing the request."),
        _("Resend the submission: Bitrix24 then gives its reason again."),
    ),
    "not_run": Failure(
        _("Bitrix24 skipped this request."),
        _("It was part of a batch, and Bitrix24 stopped before it."),
        _("Resend the submission."),
    ),
    "internal_error": _OURS,
    "submission_unreadable": Failure(
        _("Trace Relay can't read this submission."),
        _("It is encrypted with a key that the operator has removed."),
        _("Ask the operator of Trace Relay to restore the key: nothing is lost. Then resend the submission."),
    ),
    "expired_token": _NEW_PERMISSION,
    "no_auth_found": _NEW_PERMISSION,
    "oauth_host": Failure(
        _("Trace Relay does not trust the authorization server of this portal."),
        _("It sends its secret only to servers that its operator has listed."),
        _("Contact the operator of Trace Relay, then resend the submission."),
    ),
    "held_too_long": Failure(
        _("Bitrix24 accepted nothing for so long that the visitor's data was deleted."),
        _("Trace Relay keeps queued submissions for a limited time, and the administrator was warned."),
        _("This submission can't be resent. If you know the visitor, ask for the data again."),
    ),
    "turning_in_circles": Failure(
        _("The portal's address or permission kept changing."),
        _("This happens while a portal is being moved or renamed."),
        _("Open Trace Relay once in Bitrix24, then resend the submission."),
    ),
}
UNKNOWN_FAILURE = Failure(
    _("Bitrix24 returned an error that Trace Relay does not know."),
    _("It may come from another application or an extension. The message from Bitrix24 says more."),
    _("Show the message to whoever maintains your Bitrix24. Resend the submission once the problem is solved."),
)
AFTER_THREE_DAYS: Text = _("Fix the cause, check whether the record is already in the CRM, then resend the submission.")
# Codes of attempts that are no failures.
NOTES: dict[str, Text] = {
    "query_limit_exceeded": _("Bitrix24 received more requests than it accepts at once."),
    "set_aside": _(
        "Bitrix24 rejected a batch that contained this submission. Each submission of the batch is now sent separately."
    ),
    "operation_time_limit": _("Bitrix24 has used up the operating time of this method."),
    "receipt": _("The reply was lost. The delivery receipt shows what was done."),
}


def failure(code: str, params: Params) -> Failure:
    """What happened to a submission that has this code, why, and what to do."""
    if params.get("gave_up"):
        return Failure(GAVE_UP, _happened(code), AFTER_THREE_DAYS)
    if code in REMEDIES:
        return Failure(REMEDIES[code].happened, "", REMEDIES[code].todo)
    return FAILURES.get(code, UNKNOWN_FAILURE)


def alike(code: str) -> list[str]:
    """The codes of failures that are told by the same sentence as this one, itself first."""
    told = FAILURES.get(code)
    return [
        code,
        *(other for other in FAILURES if told and other != code and FAILURES[other].happened is told.happened),
    ]


def reason(code: str, params: Params, *, by_webhook: bool = False) -> str:
    """Why something was not delivered, with the portal's words, in the reader's language; "" if nothing is wrong.

    The words for a webhook's portal do not mention an application (`by_webhook`).
    """
    if not (code or params):
        return ""
    said = [str(GAVE_UP)] if params.get("gave_up") else []
    said.append(str(_happened(code, by_webhook)))
    if words := params.get("words"):
        said.append(gettext("Bitrix24 said: “%(words)s”") % {"words": words})
    if times := params.get("times"):
        said.append(gettext("Consecutive failures: %(times)s.") % {"times": times})
    if status := params.get("status"):
        said.append(gettext("HTTP status: %(status)s.") % {"status": status})
    return " ".join(said)


def hold(code: str, params: Params, *, by_webhook: bool) -> str:
    """Why a portal's queue is held and what to do, with the portal's words; "" for a code that is no reason of a hold.

    `params` are those of a submission that met this reason; none where it has not been tried since.
    """
    remedy = remedies.of(code, by_webhook)
    return f"{reason(code, params, by_webhook=by_webhook)} {remedy.todo}" if remedy else ""


def _happened(code: str, by_webhook: bool = False) -> Text:
    if code in NOTES:
        return NOTES[code]
    remedy = remedies.of(code, by_webhook)
    return remedy.happened if remedy else FAILURES.get(code, UNKNOWN_FAILURE).happened
