"""What an administrator types on the page "sources": a rule, its position, a file of rules, something to try."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.models import Portal
from traces import sentences
from traces.compose import sources
from traces.compose.sources import Rule
from traces.models import Form, SourceRule
from traces.pages.inputs import NumberField, PageInput
from traces.setup import rules, rules_csv
from traces.setup.rules_csv import LineFault

MAX_TRIAL_LENGTH = 20_000
TRIAL_EXAMPLE = "https://shop.example/?utm_source=fair"
# What is wrong with a rule, by the field that says it; the value says the rest.
_FIELD_OF = {
    sources.FIELD_UNKNOWN: "field",
    rules.SECOND_DEFAULT: "field",
    sources.OPERATOR_UNKNOWN: "operator",
    sources.RESULT_MISSING: "utm_source",
}


class RuleField(forms.CharField):
    """A text of a rule; whether the rule can be stored is decided where it is (`traces.setup.rules`)."""

    def __init__(self, **options: Any) -> None:
        messages: dict[str, Any] = {
            "max_length": sentences.RULE_FAULTS[sources.TOO_LONG],
            "null_characters_not_allowed": sentences.RULE_FAULTS[sources.NOT_PRINTABLE],
        }
        options = {"widget": forms.TextInput(attrs={"autocomplete": "off"}), **options}
        super().__init__(required=False, max_length=sources.MAX_LENGTH, error_messages=messages, **options)


class RuleInput(PageInput):
    """A rule that is written, or changed where it has a `rule_id`."""

    ids = "rule-%s"

    field = forms.CharField(
        label=gettext_lazy("When"),
        required=False,
        widget=forms.Select(choices=sentences.RULE_FIELDS.items(), attrs={"data-focus": True}),
    )
    operator = forms.CharField(
        label=gettext_lazy("Condition"), required=False, widget=forms.Select(choices=sentences.RULE_HOWS.items())
    )
    value = RuleField(
        label=gettext_lazy("Value"),
        help_text=gettext_lazy("Not case-sensitive. “Everything else” and “is empty” need no value."),
    )
    utm_source = RuleField(
        label=gettext_lazy("Set utm_source to"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "known-sources"}),
        help_text=gettext_lazy("As in Sales Intelligence, such as google."),
    )
    crm_source = RuleField(label=gettext_lazy("Set CRM source to"))
    crm_description = RuleField(label=gettext_lazy("Source details"))
    also_known = forms.BooleanField(
        label=gettext_lazy("Also where the visitor brought a utm_source or came from another website"),
        help_text=gettext_lazy(
            "For “Everything else”. If checked, it overwrites the sources that Bitrix24 would recognize."
        ),
        required=False,
    )

    # Where a new rule goes; without one to the end.
    position = NumberField(required=False, min_value=1, max_value=99_999, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, rule_id: int | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.rule_id = rule_id

    @classmethod
    def of_row(cls, row: SourceRule) -> RuleInput:
        """A rule as it is stored."""
        stored = {name: getattr(row, name) for name in cls.base_fields}
        # The tick of any other rule is unset, so that one that becomes a default rule begins as a new one.
        return cls(rule_id=row.pk, initial={**stored, "also_known": row.also_known and rules.is_default(row)})

    @classmethod
    def like_row(cls, row: SourceRule) -> RuleInput:
        """A new rule like one that is stored, to be put behind it."""
        return cls(initial={**cls.of_row(row).initial, "position": row.position + 1})

    def fill(self, row: SourceRule) -> None:
        """Put what was typed into a row; the default rule looks for nothing, and its tick is of no other."""
        for name, text in self.cleaned_data.items():
            if name != "position":
                setattr(row, name, text)
        if rules.is_default(row):
            row.operator = sources.EQUALS
        else:
            row.also_known = True
        if sources.without_value(row.field, row.operator):
            row.value = ""

    def reject(self, code: str) -> None:
        """Say beside its field why the rule is not stored."""
        self.add_error(_FIELD_OF.get(code, "value"), str(sentences.RULE_FAULTS[code]))

    def offer_crm_sources(self, known: Sequence[tuple[str, str]]) -> None:
        """Let one of the CRM's sources be chosen, or the one that is chosen already."""
        chosen = self["crm_source"].value()
        unknown = [(chosen, chosen)] if chosen and chosen not in dict(known) else []
        self.fields["crm_source"].widget = forms.Select(choices=[("", _("None")), *known, *unknown])

    def ask_for_code(self) -> None:
        """Have the CRM's source typed, since the portal does not tell what there is."""
        self.fields["crm_source"].help_text = _(
            "Bitrix24 isn't responding, so its sources can't be listed. Enter the source's code, such as WEB."
        )


class LikeInput(PageInput):
    """The number of a rule that a new one is to begin like."""

    like = NumberField()


class FindInput(PageInput):
    """A text that the listed rules are to hold."""

    find = forms.CharField(required=False, max_length=sources.MAX_LENGTH)


class PositionInput(PageInput):
    """Where a rule is to go."""

    position = NumberField(min_value=1, max_value=99_999)


class SwitchInput(PageInput):
    """Whether a rule is to be on."""

    active = forms.BooleanField(required=False)


class AroundInput(PageInput):
    """Around which position the rules are to be listed."""

    at = NumberField(min_value=1, max_value=99_999)


class RulesFileInput(PageInput):
    """A file of rules; `cleaned_data["text"]` are the rules."""

    ids = "import-%s"

    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, is_too_large: bool = False) -> None:
        super().__init__(data)
        self.is_too_large = is_too_large

    def clean_text(self) -> list[Rule]:
        """The rules of the file; what is wrong with it is said by line."""
        listed, faults = rules_csv.read(self.cleaned_data["text"])
        if self.is_too_large:
            faults = [LineFault(1, rules_csv.TOO_LARGE)]
        text = _("Line %(line)s: %(fault)s")
        if faults:
            raise ValidationError(
                [text % {"line": fault.line, "fault": sentences.RULE_FAULTS[fault.code]} for fault in faults]
            )
        return listed


class TrialInput(PageInput):
    """Something that a website might send, to see what would become of it."""

    ids = "try-%s"

    text = forms.CharField(
        label=gettext_lazy("Address, referrer or trace"),
        max_length=MAX_TRIAL_LENGTH,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "maxlength": False,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": TRIAL_EXAMPLE,
            }
        ),
        error_messages={
            "required": gettext_lazy("Paste an address, a referrer or a trace first."),
            "max_length": gettext_lazy("This is too long for an address or a trace."),
        },
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Type"),
        required=False,
        choices=[
            ("", gettext_lazy("Detect automatically")),
            ("address", gettext_lazy("Address of the form's page")),
            ("referrer", gettext_lazy("Page the visitor came from")),
            ("trace", gettext_lazy("Trace")),
        ],
    )
    form = forms.ModelChoiceField(
        label=gettext_lazy("Form"),
        required=False,
        queryset=Form.objects.none(),
        empty_label=gettext_lazy("Any form"),
    )

    use_required_attribute = False

    def __init__(self, portal: Portal, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        field = self.fields["form"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Form.objects.filter(portal=portal).order_by("name", "pk")

    def clean(self) -> None:
        """Nothing is tried that a website could not send."""
        if "text" not in self.cleaned_data or "kind" not in self.cleaned_data:
            return
        if self.read_kind == "trace" and _trace(self.cleaned_data["text"]) is None:
            self.add_error("text", _("This is not a trace: a trace is a JSON object, from { to }."))
        elif self.read_kind != "trace" and not _address(self.cleaned_data["text"]):
            self.add_error(
                "text",
                _("This is neither an address nor a trace. Paste an address such as %(address)s.")
                % {"address": TRIAL_EXAMPLE},
            )

    @property
    def read_kind(self) -> str:
        """What the text is read as: a choice of the field, the one that was chosen or what the text looks like."""
        looks_like = "trace" if self.cleaned_data["text"].startswith("{") else "address"
        return self.cleaned_data["kind"] or looks_like

    @property
    def read_as(self) -> str:
        """The same in words."""
        return str(dict(self.fields["kind"].choices)[self.read_kind])  # type: ignore[attr-defined]

    def body(self) -> dict[str, Any]:
        """What a website would have sent."""
        text = self.cleaned_data["text"]
        if self.read_kind == "trace":
            return {"TRACE": _trace(text)}
        return {"referrer" if self.read_kind == "referrer" else "page_url": _address(text)}


def _trace(text: str) -> dict[str, Any] | None:
    """A trace as an object; None where the text is none."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _address(text: str) -> str:
    """The address that was pasted, with its scheme; "" where the text is none."""
    address = text if "://" in text else f"https://{text}"
    return address if "." in sources.host_of(address) and not any(map(str.isspace, text)) else ""
