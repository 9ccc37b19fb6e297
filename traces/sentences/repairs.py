"""What was repaired in a submission."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text

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
