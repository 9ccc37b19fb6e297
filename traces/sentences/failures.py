"""Why a submission is where it is: the sentence of a code and its parameters, and what can be done about a failure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from b24app.api import remedies
from b24app.api.remedies import REMEDIES, Text

# What fills in the sentence of a code: `words`, which the portal said; `status`, of an HTTP answer without words;
# `gave_up`, where the three days were over; `times`, of waits in a row.
Params = Mapping[str, str | int]

GAVE_UP: Text = _("It could not be delivered within three days.")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was not delivered: what happened, why that is, and what can be done about it."""

    happened: Text
    why: Text
    todo: Text


_VALUE = Failure(
    _("The portal did not accept a value of this submission."),
    _("A field got something that it does not take, such as text in the place of a number or a date."),
    _("Find the field that the portal names, correct it on the page “Forms”, then send the submission again."),
)
_MISSING = Failure(
    _("The portal does not find a record that this submission belongs to."),
    _("The record was deleted in the CRM, or its number was wrong from the beginning."),
    _("Look for the record in the CRM. Send the submission again once it is there."),
)
_TOGETHER = Failure(
    _("The portal did not accept this request together with others."),
    _("Trace Relay sends several requests at a time, and the portal has taken exception to that."),
    _("Send the submission again. If it stays so, tell the operator of Trace Relay."),
)
_UNNAMED = Failure(
    _("The portal refuses this submission."),
    _("It has not said by a code why that is; its own words are all there is."),
    _("Correct what the portal names, on the page “Forms” or in the CRM, then send the submission again."),
)
_NO_CONNECTION = Failure(
    _("The portal could not be reached."),
    _("The connection did not come about, or it broke before the portal had taken anything."),
    _("Check whether the portal opens in your browser, then send the submission again."),
)
_NO_ANSWER_CAME = Failure(
    _("The portal gave no readable answer."),
    _("The connection broke while the portal was at work, or something else than the portal answered."),
    _("Look in the CRM whether the record is there already; if it is not, send the submission again."),
)
_NEW_PERMISSION = Failure(
    _("The portal did not accept a permission that had just been renewed."),
    _("It may take up to an hour until the portal knows the new permission."),
    _("Send the submission again in an hour."),
)
_OURS = Failure(
    _("Trace Relay could not prepare this submission."),
    _("This is a fault of Trace Relay itself. It has been logged."),
    _("Send the submission again in a day, or write to the operator of Trace Relay."),
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
        _("An administrator of the portal has declined the application's request."),
        _("The portal asks for a confirmation before the application may do this, and it was refused."),
        _("Send the submission again and confirm the request in the portal's notifications."),
    ),
    "wrong_auth_type": Failure(
        _("The portal does not allow this to the way in which it is connected."),
        _("What an installed application may do, a webhook may not always, and the other way round."),
        _("Install Trace Relay from the Market instead of a webhook, then send the submission again."),
    ),
    "wrong_encoding": Failure(
        _("The portal could not read the letters of this submission."),
        _("A text came in an encoding that the portal does not know."),
        _("Set the form on your website to UTF-8. What has come already can be entered in the CRM by hand."),
    ),
    "error_batch_method_not_allowed": _TOGETHER,
    "error_batch_length_exceeded": _TOGETHER,
    "entity_type_not_supported": Failure(
        _("The portal cannot link a record of this kind to the visitor's path."),
        _("Its version of the CRM does not know it, or that part of the CRM is switched off."),
        _("Choose on the page “Forms” that something else is made, then send the submission again."),
    ),
    "access_denied": Failure(
        _("The portal did not let the application do this."),
        _("The administrator by whose permission it works may not see or change such records."),
        _(
            "Give this right in the CRM's access permissions, or open Trace Relay as an administrator who has it; "
            "then send the submission again."
        ),
    ),
    "error_core": Failure(
        _("The portal's CRM turned this submission down."),
        _("Usually a field that the CRM requires is empty, or a value does not fit its field."),
        _(
            "Fill the field that the portal names on the page “Forms”, or make it optional in the CRM; "
            "then send the submission again."
        ),
    ),
    "refused": _UNNAMED,
    "error": _UNNAMED,
    "": _UNNAMED,
    "spam": Failure(
        _("This submission was kept back because it looks like spam."),
        _("A field that no person sees was filled in, as programs do that fill every field."),
        _("If a person has sent it, send it again and it will be delivered. If not, delete it or leave it here."),
    ),
    "connection_error": _NO_CONNECTION,
    "unreachable": _NO_CONNECTION,
    "unreadable": _NO_ANSWER_CAME,
    "connection_lost": _NO_ANSWER_CAME,
    "timeout": _NO_ANSWER_CAME,
    "internal_server_error": _NO_ANSWER_CAME,
    "error_unexpected_answer": _NO_ANSWER_CAME,
    "poison_forbidden": Failure(
        _("The portal turns this submission away, while it takes others."),
        _("A firewall or protection module in front of the portal takes something in its texts for an attack."),
        _(
            "Enter it in the CRM by hand, or allow requests from Trace Relay in the portal's proactive protection; "
            "then send the submission again."
        ),
    ),
    "poison_error": Failure(
        _("The portal breaks down over this submission, while it takes others."),
        _("Something in it brings out a fault of the portal, of an extension, or of an automation rule there."),
        _(
            "Look in the CRM whether the record is there already. If it is not, enter it by hand, or have the portal's "
            "error log looked at; then send the submission again."
        ),
    ),
    "poison_silent": Failure(
        _("The portal gives no answer to this submission, while it answers others."),
        _("Something in it makes the portal, or what stands before it, break the connection or work without end."),
        _(
            "Look in the CRM whether the record is there already. If it is not, enter it by hand, or have the portal's "
            "error log looked at; then send the submission again."
        ),
    ),
    "worker_lost": Failure(
        _("Trace Relay was interrupted while it was sending this submission."),
        _("A program or a machine stopped in the middle, so nobody knows whether the portal has it."),
        _("Look in the CRM whether the record is there already; if it is not, send the submission again."),
    ),
    "answer_lost": Failure(
        _("The portal did not do it, and its reason was lost with its answer."),
        _("The connection broke while the portal was at work."),
        _("Send the submission again: the portal then says its reason once more."),
    ),
    "not_run": Failure(
        _("The portal left this request out."),
        _("It was sent together with others, and the portal stopped before its turn came."),
        _("Send the submission again."),
    ),
    "internal_error": _OURS,
    "submission_unreadable": Failure(
        _("Trace Relay cannot read this submission."),
        _("It is encrypted with a key that the operator has taken away."),
        _("Tell the operator of Trace Relay to give the key back; nothing is lost. Then send the submission again."),
    ),
    "expired_token": _NEW_PERMISSION,
    "no_auth_found": _NEW_PERMISSION,
    "oauth_host": Failure(
        _("Trace Relay does not trust the authorization server that the portal uses."),
        _("It shows its secret only to servers that its operator has named."),
        _("Tell the operator of Trace Relay, then send the submission again."),
    ),
    "held_too_long": Failure(
        _("The portal took nothing for so long that what the visitor had sent was deleted."),
        _("Trace Relay keeps what waits for a portal for a limited time, and its administrator was told before."),
        _("This submission cannot be sent again. Ask the visitor anew if you know who it was."),
    ),
    "turning_in_circles": Failure(
        _("The portal's address or permission changed again and again."),
        _("This happens while a portal is being moved or renamed."),
        _("Open Trace Relay in the portal once, then send the submission again."),
    ),
}
UNKNOWN_FAILURE = Failure(
    _("The portal answered with an error that Trace Relay does not know."),
    _("It may come from another application or from an extension of the portal; the portal's own words say more."),
    _("Show the portal's words to whoever looks after your Bitrix24. Send the submission again once it is settled."),
)
AFTER_THREE_DAYS: Text = _(
    "Put right what stopped it, look in the CRM whether the record is there already, then send the submission again."
)
# Codes of attempts that are no failures.
NOTES: dict[str, Text] = {
    "query_limit_exceeded": _("The portal got more requests than it takes at a time."),
    "set_aside": _(
        "The portal turned away a request that carried this submission and others. Each of them is now sent apart."
    ),
    "operation_time_limit": _("The portal has used up the time that it gives to this method."),
    "receipt": _("The answer was lost; the portal's receipt says what was done."),
}


def failure(code: str, params: Params) -> Failure:
    """What happened to a submission that has this code, why, and what to do."""
    if params.get("gave_up"):
        return Failure(GAVE_UP, _happened(code), AFTER_THREE_DAYS)
    if code in REMEDIES:
        return Failure(REMEDIES[code].happened, "", REMEDIES[code].todo)
    return FAILURES.get(code, UNKNOWN_FAILURE)


def reason(code: str, params: Params, *, by_webhook: bool = False) -> str:
    """Why something was not delivered, with the portal's words, in the reader's language; "" where nothing is wrong.

    A webhook's portal is not told of an application (`by_webhook`).
    """
    if not (code or params):
        return ""
    said = [str(GAVE_UP)] if params.get("gave_up") else []
    said.append(str(_happened(code, by_webhook)))
    if words := params.get("words"):
        said.append(gettext("The portal says: “%(words)s”") % {"words": words})
    if times := params.get("times"):
        said.append(gettext("Times in a row: %(times)s.") % {"times": times})
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
