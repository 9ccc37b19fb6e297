"""What an attempt to deliver has come to."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text

OUTCOMES: dict[str, Text] = {
    "delivered": _("The portal has it."),
    "done": _("The portal did this step; the next one follows."),
    "waited": _("The portal asked to slow down; it is sent a little later."),
    "retry": _("It could not be delivered now and is tried again by itself."),
    "unknown": _("No readable answer came: the portal may have it already, so it may have been sent twice."),
    "held": _("The portal takes nothing at present; delivery goes on when that is over."),
    "refused": _("The portal refuses it."),
}
