"""Every state, outcome, repair and refusal in words that a person can act on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "value_dropped": _("A value of a kind that the portal cannot read was left out of the trace."),
    "page_dropped": _("A page without an address was left out of the trace."),
    "pages_shortened": _("The trace had more than five pages; the last five were kept."),
    "time_converted": _("A date written as text was turned into a time that the portal reads."),
    "characters_replaced": _("Characters that cannot be stored were replaced."),
}

OUTCOMES: dict[str, Text] = {
    "delivered": _("The portal has it."),
    "waited": _("The portal asked to slow down; it is sent a little later."),
    "retry": _("It could not be delivered now and is tried again by itself."),
    "unknown": _("No readable answer came: the portal may have it already, so it may have been sent twice."),
    "held": _("The portal takes nothing at present; delivery goes on when that is over."),
    "refused": _("The portal refuses it."),
}

WORKER_LOST: Text = _("A worker stopped in the middle of a call, so its outcome is unknown.")
NO_ANSWER: Text = _("No readable answer came, and the portal kept no receipt of it.")
ANSWER_LOST: Text = _("It was not done; the portal's reason was lost with its answer.")
GAVE_UP: Text = _("It could not be delivered within three days.")
