"""Every state, outcome, repair and refusal in words that a person can act on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from traces.fields import Fault

Text = str | Promise

STATES: dict[str, Text] = {
    "queued": _("Waiting for its turn"),
    "sending": _("Being sent"),
    "delivered": _("Delivered to the portal"),
    "failed": _("Not delivered"),
    "held": _("Waiting until the portal can be reached again"),
}

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

# Why a source rule decided or did not, by the reasons of `traces.sources.explain`.
RULES: dict[str, Text] = {
    "matches": _("This rule matches and decides."),
    "default": _("No other rule matched, so the default rule decides."),
    "no_value": _("Nothing came in this field."),
    "differs": _("What came is different."),
    "after_match": _("An earlier rule has decided already."),
    "unusable": _("The expression of this rule cannot be read, so it never matches."),
}

# Why a mapping cannot be stored, by the codes of `traces.fields.fault`; `mapping_fault` fills them in.
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
