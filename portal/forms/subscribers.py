"""Forms about people and their imports."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

LANGUAGES = [
    SelectChoice("", _l("As the newsletter")),
    SelectChoice("de", _l("German")),
    SelectChoice("en", _l("English")),
]

EXISTING = [
    SelectChoice("fill", _l("Fill in what is empty")),
    SelectChoice("overwrite", _l("Overwrite, but never with nothing")),
    SelectChoice("replace", _l("Overwrite everything the file has a column for")),
    SelectChoice("skip", _l("Leave them as they are, without type and list")),
]

WHOM = [
    SelectChoice("all", _l("everybody in the file")),
    SelectChoice("new", _l("new people only")),
    SelectChoice("old", _l("people who are here already only")),
]


class SubscriberForm(FlaskForm):
    address = StringField(_l("E-mail address"), [Length(max=254)])
    salutation = StringField(_l("Salutation"), [Length(max=20)])
    title = StringField(_l("Title"), [Length(max=40)])
    first_name = StringField(_l("First name"), [Length(max=80)])
    last_name = StringField(_l("Last name"), [Length(max=80)])
    organisation = StringField(_l("Customer"), [Length(max=200)])
    function = StringField(_l("Function"), [Length(max=120)])
    street = StringField(_l("Street and number"), [Length(max=120)])
    postcode = StringField(_l("Postcode"), [Length(max=20)])
    city = StringField(_l("City"), [Length(max=120)])
    region = StringField(_l("State or region"), [Length(max=80)])
    country = StringField(_l("Country"), [Length(max=2, message=_l("Two letters, for example DE."))])
    language = SelectField(_l("Language"), choices=LANGUAGES)
    birthday = StringField(_l("Birthday"), [Length(max=10)])
    category = StringField(_l("Reader category"), [Length(max=60)])
    territory_id = SelectField(_l("Territory"), coerce=int, default=0)
    tags = StringField(_l("Tags"), [Length(max=600)])


class LockForm(FlaskForm):
    reason = StringField(_l("Reason"), [Length(max=300)])
    until = DateField(_l("Until"), [Optional()])


class ConsentForm(FlaskForm):
    type_id = SelectField(_l("Newsletter type"), coerce=int)
    consent = SelectField(
        _l("Consent"),
        choices=[SelectChoice("unknown", _l("Unknown")), SelectChoice("proved", _l("Proved elsewhere"))],
    )
    proof = StringField(_l("Where the proof is kept"), [Length(max=300)])
    proof_file = FileField(_l("The proof itself"))


class ListForm(FlaskForm):
    name = StringField(_l("Name"), [InputRequired(_l("A list needs a name.")), Length(max=120)])


class UploadForm(FlaskForm):
    file = FileField(_l("CSV or XLSX file"), [FileRequired(_l("Choose a file first."))])


class PlanForm(FlaskForm):
    """Options of an import; the columns come as `column-<number>`."""

    type_ids = SelectMultipleField(_l("Subscribe them to"), coerce=int)
    consent = RadioField(
        _l("Their consent"),
        choices=[
            SelectChoice("unknown", _l("Unknown: each mailing decides whether they get it")),
            SelectChoice("proved", _l("Proved elsewhere: I can show how each of them agreed")),
        ],
        default="unknown",
    )
    proof = StringField(_l("Where the proof is kept"), [Length(max=300)])
    proof_file = FileField(_l("The proof itself"))
    list_ids = SelectMultipleField(_l("Put them on the lists"), coerce=int)
    whom = RadioField(_l("Newsletter types and lists are for"), choices=WHOM, default="all")
    tags_new = StringField(_l("Tags for new people"), [Length(max=300)])
    tags_old = StringField(_l("Tags for people who are here already"), [Length(max=300)])
    mapping_name = StringField(_l("Keep columns and answers under this name"), [Length(max=80)])
    territory_id = SelectField(_l("Territory of new people"), coerce=int, default=0)
    existing = RadioField(
        _l("People who are here already"),
        choices=EXISTING,
        default="fill",
    )
