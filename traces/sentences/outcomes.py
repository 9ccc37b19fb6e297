"""The outcome of an attempt to deliver."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text

OUTCOMES: dict[str, Text] = {
    "delivered": _("Delivered."),
    "done": _("This step is done; the next one follows."),
    "waited": _("Bitrix24 asked to slow down; sending a little later."),
    "retry": _("Delivery failed; it will be retried automatically."),
    "unknown": _(
        "There was no readable reply. Bitrix24 may already have the submission, so it may have been sent twice."
    ),
    "held": _("Bitrix24 isn't accepting requests right now. Delivery resumes automatically."),
    "refused": _("Bitrix24 rejected it."),
}
