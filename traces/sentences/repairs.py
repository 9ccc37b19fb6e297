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
    "charset_guessed": _(
        "The text was not written in the charset that it declares, or declares none; the charset was guessed."
    ),
    "file_left_out": _("A file was left out; its field, name and size were noted."),
    "json_repaired": _("The JSON had quotes, names or commas that JSON does not allow; it was read nevertheless."),
    "body_as_message": _("The request was neither a form nor JSON; its whole text was kept as the message."),
    "text_unescaped": _(
        "A text was escaped once more than the request needs; it was read as what its escapes stand for."
    ),
    "records_joined": _(
        "The request held several people's records; they became one submission. Let the sender post each by itself."
    ),
    "lead_without_data": _(
        "Meta sent the number of a lead without its fields. Let Zapier, Make or your own program fetch the lead and"
        " post its fields."
    ),
    "values_joined": _(
        "The submission had more values, or deeper ones, than are looked at one by one; the rest was kept as one text."
    ),
    "phone_split": _("Several telephone numbers stood in one field; each became a number of its own."),
    "phone_extension": _("The extension of a telephone number was written as the portal stores it, behind a #."),
    "phone_cleaned": _("A telephone number was taken out of the words or signs around it."),
    "phone_unreadable": _("A field for a telephone number held none; its text stands in the comments."),
    "email_split": _("Several e-mail addresses stood in one field; each became an address of its own."),
    "email_cleaned": _("An e-mail address was taken out of the words or signs around it."),
    "email_invalid": _(
        "The portal does not accept what was typed as an e-mail address; the text stands in the comments."
    ),
    "contact_moved": _(
        "A telephone number stood in the field for the e-mail address, or the other way round; it was put in its place."
    ),
    "value_to_comments": _("A value that no field takes, such as a second name or company, was put into the comments."),
    "consent_not_written": _(
        "The portal did not take the visitor's consent into its list; it is kept here with the submission."
    ),
    "value_not_converted": _("A field of the portal does not take a value as it was typed; it stands in the comments."),
}
