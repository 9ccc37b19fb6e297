"""What was repaired in a submission."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text

REPAIRS: dict[str, Text] = {
    "trace_unreadable": _(
        "The trace was unreadable. A new one was built from the UTM fields, the page and the referrer."
    ),
    "trace_as_text": _("The trace was an object. It is sent as the text that Bitrix24 expects."),
    "value_dropped": _("A value that Bitrix24 can't read was left out of the trace."),
    "page_dropped": _("A page without an address was left out of the trace."),
    "pages_shortened": _("The trace had more than five pages; only the last five were kept."),
    "visits_shortened": _("The trace had more than five former visits; only the last five were kept."),
    "old_form": _("The trace had the format of an outdated example, which Bitrix24 can't read. It was converted."),
    "shape_changed": _("Parts of the trace were in places where Bitrix24 doesn't read them. They were moved."),
    "trace_unwrapped": _("The trace was encoded twice. It was decoded."),
    "secret_removed": _("A password, a token or personal data was removed from an address."),
    "time_missing": _("A page had no time. It got the time of the submission."),
    "time_unreadable": _("A time was unreadable. The page got the time of the submission instead."),
    "value_shortened": _("A text was longer than Bitrix24 accepts and was cut off."),
    "time_converted": _("A date or a time in milliseconds was converted to a time that Bitrix24 reads."),
    "characters_replaced": _("Characters that can't be stored were replaced."),
    "charset_guessed": _("The text did not match its declared encoding, or declared none. The encoding was detected."),
    "file_left_out": _("A file was not stored. Its field, name and size were recorded."),
    "json_repaired": _("The JSON had quotes, names or commas that JSON does not allow. It was read anyway."),
    "body_as_message": _("The request was neither a form nor JSON. Its whole text was kept as the message."),
    "text_unescaped": _("A text was escaped twice. It was decoded."),
    "records_joined": _(
        "The request contained several people's records. They became one submission. Let the sender post "
        "each of them separately."
    ),
    "captcha_unverified": _(
        "The captcha provider did not respond, or rejected the form's secret key, so it is unknown "
        "whether a person sent this."
    ),
    "lead_without_data": _(
        "Meta sent the ID of a lead without its fields. Let Zapier, Make or your own program fetch the "
        "lead and post its fields."
    ),
    "values_joined": _(
        "The submission had too many values or levels to read one by one. The rest was kept as one text."
    ),
    "phone_split": _("A field contained several phone numbers. Each became a separate number."),
    "phone_extension": _("A phone extension was written the way Bitrix24 stores it, after a #."),
    "phone_cleaned": _("A phone number was extracted from surrounding text."),
    "phone_unreadable": _("A phone field contained no phone number. Its text was added to the comments."),
    "email_split": _("A field contained several email addresses. Each became a separate address."),
    "email_cleaned": _("An email address was extracted from surrounding text."),
    "email_invalid": _("Bitrix24 does not accept this text as an email address. It was added to the comments."),
    "contact_moved": _("A phone number was in the email field, or vice versa. It was moved."),
    "value_to_comments": _(
        "A value without a field of its own, such as a second name or company, was added to the comments."
    ),
    "consent_not_written": _(
        "Bitrix24 did not add the visitor's consent to its list. The consent is kept here with the submission."
    ),
    "edited": _("An administrator corrected values by hand."),
    "value_not_converted": _("A Bitrix24 field does not accept a value as typed. The value was added to the comments."),
}
