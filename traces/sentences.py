"""Every state, outcome, repair and refusal in words that a person can act on."""

import functools
from dataclasses import dataclass

from django.conf import settings
from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from traces.compose import search
from traces.compose.fields import Fault

Text = str | Promise

REPAIRS: dict[str, Text] = {
    "trace_unreadable": _("The trace could not be read; one was built from the UTM fields, page and referrer."),
    "trace_as_text": _("The trace came as an object; the portal gets it as the text that it reads."),
    "value_dropped": _("A value of a kind that the portal cannot read was left out of the trace."),
    "page_dropped": _("A page without an address was left out of the trace."),
    "pages_shortened": _("The trace had more than five pages; the last five were kept."),
    "visits_shortened": _("The trace had more than five former visits; the last five were kept."),
    "old_form": _(
        "The trace had the form of an old example, which the portal does not read; it was turned into today's."
    ),
    "shape_changed": _("Parts of the trace stood where the portal does not read them; they were put in their place."),
    "trace_unwrapped": _("The trace was encoded once more than it should be; it was unpacked."),
    "secret_removed": _("A password, a token or personal data was taken out of an address."),
    "time_missing": _("A page came without its time; it got the time of the submission."),
    "time_unreadable": _("A time could not be read; a page got the time of the submission instead."),
    "value_shortened": _("A text was longer than the portal takes and was cut off."),
    "time_converted": _("A date, or a time in milliseconds, was turned into a time that the portal reads."),
    "characters_replaced": _("Characters that cannot be stored were replaced."),
}

# Why a source rule decided or did not, by the reasons of `traces.compose.sources.explain`.
RULES: dict[str, Text] = {
    "matches": _("This rule matches and decides."),
    "default": _("No other rule matched, so the default rule decides."),
    "no_value": _("Nothing came in this field."),
    "differs": _("What came is different."),
    "after_match": _("An earlier rule has decided already."),
    "unusable": _("The expression of this rule cannot be read, so it never matches."),
}

# Why a rule or a file of rules is rejected, by the codes of `traces.compose.sources`, `traces.setup.rules`,
# `rules_csv`.
RULE_FAULTS: dict[str, Text] = {
    "field_unknown": _("A rule cannot look at that field."),
    "operator_unknown": _("A rule cannot compare in that way."),
    "value_missing": _("A rule needs a value to look for; only the default rule has none."),
    "result_missing": _("A rule needs a utm_source or a CRM source to give."),
    "too_long": _("Each text of a rule has at most 200 characters."),
    "not_printable": _("A rule has printable characters only."),
    "not_a_host": _("A host is written without https:// and without a path, such as www.google.com."),
    "not_a_path": _("A path begins with a slash and ends before the question mark, such as /catalogue/shoes."),
    "not_a_regex": _("The regular expression cannot be read; look-around and back references are not supported."),
    "second_default": _("There is an any rule already: a second one would never be reached."),
    "too_many": _("A portal can have at most 1,000 rules."),
    "gone": _("This rule is not there any more: somebody has removed it."),
    "no_head": _("The first line has to name the columns: match, how, value, utm_source, crm_source, crm_description."),
    "too_large": _("The file is longer than 250,000 characters."),
    "unreadable": _("This is no CSV file. Save it as “CSV UTF-8” in your spreadsheet."),
}
# What a rule looks at and how it compares, as an administrator reads it.
RULE_FIELDS: dict[str, Text] = {
    "form": _("Form"),
    "source": _("Field “source” of the form"),
    "source_id": _("SOURCE_ID of the request"),
    "utm_source": _("utm_source"),
    "utm_medium": _("utm_medium"),
    "utm_campaign": _("utm_campaign"),
    "referrer": _("Website the visitor came from"),
    "page_host": _("Website of the form"),
    "page_path": _("Page of the form"),
    "click_id": _("Click mark of an advertisement"),
    "any": _("Everything else"),
}
RULE_HOWS: dict[str, Text] = {
    "equals": _("is"),
    "contains": _("contains"),
    "wildcard": _("looks like (with * and ?)"),
    "regex": _("matches the regular expression"),
}

# Why a mapping cannot be stored, by the codes of `traces.compose.fields.fault`; `mapping_fault` fills them in.
MAPPING: dict[str, Text] = {
    "no_object": _("A mapping is an object: fields by record."),
    "no_record": _("A mapping has an object of fields for each of these records: %(about)s."),
    "too_many": _("A record has at most %(about)s mapped fields."),
    "no_field": _("“%(about)s” is no field that can be filled. A field's name looks like TITLE or UF_CRM_1."),
    "no_rule": _("%(about)s needs a text, a number, or the name of a submitted field."),
}

OUTCOMES: dict[str, Text] = {
    "delivered": _("The portal has it."),
    "done": _("The portal did this step; the next one follows."),
    "waited": _("The portal asked to slow down; it is sent a little later."),
    "retry": _("It could not be delivered now and is tried again by itself."),
    "unknown": _("No readable answer came: the portal may have it already, so it may have been sent twice."),
    "held": _("The portal takes nothing at present; delivery goes on when that is over."),
    "refused": _("The portal refuses it."),
}

WORKER_LOST: Text = _("A worker stopped in the middle of a call, so its outcome is unknown.")
NO_ANSWER: Text = _("No readable answer came, and the portal kept no receipt of it.")
ANSWER_LOST: Text = _("It was not done; the portal's reason was lost with its answer.")
SPAM: Text = _("It looks like spam: a field that no person sees was filled in. Nothing was sent to the portal.")
GAVE_UP: Text = _("It could not be delivered within three days.")


def mapping_fault(fault: Fault) -> str:
    """Why a mapping cannot be stored, in one sentence."""
    return str(MAPPING[fault.code]) % {"about": fault.about}


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
_OURS = Failure(
    _("Trace Relay could not prepare this submission."),
    _("This is a fault of Trace Relay itself; its operator has been told."),
    _("Send the submission again in a day, or write to the operator of Trace Relay."),
)

# By the code of `Submission.code`, as `b24app.api.errors` has them; what the portal may refuse, and what may go wrong
# again and again until the three days are over.
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
    "no_auth_found": _NO_CONNECTION,
    "unreadable": _NO_ANSWER_CAME,
    "connection_lost": _NO_ANSWER_CAME,
    "timeout": _NO_ANSWER_CAME,
    "internal_server_error": _NO_ANSWER_CAME,
    "error_unexpected_answer": _NO_ANSWER_CAME,
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


def failure(code: str, *, gave_up: bool = False) -> Failure:
    """Why a submission with this code was not delivered; `gave_up` where it was tried for three days."""
    known = FAILURES.get(code, UNKNOWN_FAILURE)
    return Failure(GAVE_UP, known.happened, AFTER_THREE_DAYS) if gave_up else known


def told(reason: str) -> tuple[str, bool]:
    """The portal's own words of a stored reason ("" where they are ours), and whether the three days were over."""
    ours = _stored()
    gave_up = next(text for text, ours_too in ours.items() if ours_too is GAVE_UP)
    words = reason.removeprefix(gave_up).strip()
    return ("" if words in ours else words), reason.startswith(gave_up)


def own(reason: str) -> Text:
    """A stored reason; one of ours is in the reader's language then."""
    return _stored().get(reason, reason)


@functools.cache
def _stored() -> dict[str, Text]:
    """Our own reasons by how they are stored, in the language that the workers speak."""
    with translation.override(settings.LANGUAGE_CODE):
        return {str(text): text for text in (GAVE_UP, OUTCOMES["refused"], WORKER_LOST, NO_ANSWER, ANSWER_LOST)}


def source_label(source: str) -> str:
    """A submission's source in words, by what `traces.compose.search.source_of` has stored; "" is not known yet."""
    kind, _colon, value = source.partition(":")
    if kind == search.UTM_SOURCE:
        return gettext("%(value)s (UTM tag)") % {"value": value}
    if kind == search.REFERRER:
        return gettext("From %(value)s") % {"value": value}
    return gettext("Direct visit") if kind == search.DIRECT else gettext("Not known yet")


def duration(seconds: float) -> str:
    """A length of time as a person says it: "0.2 s", "3 min", "5 h", in the reader's language."""
    if seconds < 0.05:
        return gettext("under %(number)s s") % {"number": formats.number_format(0.1, 1)}
    if seconds < 9.95:
        return gettext("%(number)s s") % {"number": formats.number_format(seconds, 1)}
    if seconds < 89.5:
        return gettext("%(number)s s") % {"number": round(seconds)}
    if seconds < 89.5 * 60:
        return gettext("%(number)s min") % {"number": round(seconds / 60)}
    if seconds < 47.5 * 3600:
        return gettext("%(number)s h") % {"number": round(seconds / 3600)}
    days = round(seconds / 86_400)
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
