"""The article form. Nothing is required for a draft; submitting asks for more (content.articles)."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional


class ArticleForm(FlaskForm):
    title = StringField(_l("Title"), [Length(max=200)])
    teaser = TextAreaField(_l("Teaser"), [Length(max=1000)])
    body = TextAreaField(_l("Text"), [Length(max=500_000)])
    category = StringField(_l("Category"), [Length(max=60)])
    tags = StringField(_l("Tags"), [Length(max=1000)])
    notes = TextAreaField(_l("Notes"), [Length(max=10_000)])
    author_line = StringField(_l("Author line"), [Length(max=120)])
    asset_id = HiddenField()
    asset_alt = StringField(_l("Description of the picture"), [Length(max=300)])
    link_url = StringField(_l("Link to the full text"), [Length(max=1000)])
    language = SelectField(
        _l("Language"), choices=[SelectChoice("de", _l("German")), SelectChoice("en", _l("English"))]
    )
    valid_from = DateField(_l("Valid from"), [Optional()])
    valid_until = DateField(_l("Valid until"), [Optional()])
    version = IntegerField(validators=[Optional()])
