"""Why a mapping of fields cannot be stored."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text
from traces.compose.fields import Fault

# By the codes of `traces.compose.fields.fault`; `mapping_fault` fills them in.
MAPPING: dict[str, Text] = {
    "no_object": _("A mapping is an object with fields by record."),
    "no_record": _("For each of these records, a mapping has an object of fields: %(about)s."),
    "too_many": _("A record can have at most %(about)s mapped fields."),
    "no_field": _("“%(about)s” is not a field that can be filled. Field names look like TITLE or UF_CRM_1."),
    "no_rule": _("%(about)s needs a text, a number or the name of a submitted field."),
}


def mapping_fault(fault: Fault) -> str:
    """Why a mapping cannot be stored, in one sentence."""
    return str(MAPPING[fault.code]) % {"about": fault.about}
