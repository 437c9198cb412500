"""Folders, assets (pictures and documents) and the sizes made of them."""

from enum import StrEnum

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CharField,
    DateField,
    IntegerField,
    TextField,
)

from domain import clock
from domain.db import JSONText, MomentField
from domain.tenancy.models import TenantModel


class AssetKind(StrEnum):
    PICTURE = "picture"
    DOCUMENT = "document"


class Folder(TenantModel):
    parent_id = IntegerField(null=True)
    name = CharField(max_length=120)
    alias = CharField(max_length=60, default="")

    class Meta:
        indexes = ((("tenant_id", "parent_id", "name"), True),)


class Asset(TenantModel):
    """`public_key` stands in its public address: stable and unguessable. `sha256` names the stored original."""

    id = BigAutoField()
    folder_id = IntegerField(null=True)
    kind = CharField(max_length=10)
    filename = CharField(max_length=255)
    title = CharField(max_length=200, default="")
    alt = CharField(max_length=300, default="")
    credit = CharField(max_length=200, default="")
    alias = CharField(max_length=60, default="")  # stand-in name for rollouts
    mime = CharField(max_length=100)
    size_bytes = BigIntegerField()
    width = IntegerField(null=True)
    height = IntegerField(null=True)
    sha256 = CharField(max_length=64)
    public_key = CharField(max_length=40, unique=True)
    uploaded_by_id = IntegerField(null=True)
    tags = JSONText(default=list)
    licence_until = DateField(null=True)  # the last day on which the picture may be shown
    crop = JSONText(
        null=True
    )  # [left, top, width, height] of the kept original, in per mille; None: all of it
    focus = JSONText(null=True)  # [x, y] of what must stay visible when a size cuts, in per mille of the crop
    folded = TextField(default="")  # name, title, alt and credit without case, umlauts and ß, for the search
    created_at = MomentField(default=clock.now)
    trashed_at = MomentField(null=True)

    class Meta:
        indexes = (
            (("tenant_id", "folder_id", "created_at"), False),
            (("tenant_id", "sha256"), False),
            (("tenant_id", "alias"), False),
            (("tenant_id", "trashed_at", "folder_id"), False),  # the tree counts without reading the rows
            (("tenant_id", "trashed_at", "id", "kind"), False),  # a page of all folders
            (
                ("tenant_id", "trashed_at", "kind", "id"),
                False,
            ),  # a page of one kind, of which there may be few
            # what a tenant, and a person in it, keeps is summed without reading the rows
            (("tenant_id", "uploaded_by_id", "size_bytes"), False),
        )


class Rendition(TenantModel):
    """A picture in one size: `name` is mail600, mail1200, mail1440, card, thumb, or one of the last two as AVIF."""

    asset_id = BigIntegerField()
    name = CharField(max_length=20)
    mime = CharField(max_length=40)
    width = IntegerField()
    height = IntegerField()
    size_bytes = IntegerField()
    sha256 = CharField(max_length=64)

    class Meta:
        indexes = ((("tenant_id", "asset_id", "name"), True),)


class UploadPiece(TenantModel):
    """A piece of a large file on its way in: kept until all of them are here, or for a day."""

    user_id = IntegerField()
    upload_key = CharField(max_length=60)  # the browser's name for the file
    number = IntegerField()  # from 0
    size_bytes = IntegerField()
    data = BlobField()
    created_at = MomentField(default=clock.now)

    class Meta:
        indexes = ((("tenant_id", "user_id", "upload_key", "number"), True),)


class AssetAlias(TenantModel):
    """A public key that an asset had before it was replaced or cropped: old addresses lead on to what it is now."""

    public_key = CharField(max_length=40, unique=True)
    asset_id = BigIntegerField()

    class Meta:
        indexes = ((("tenant_id", "asset_id"), False),)


class AssetTag(TenantModel):
    """A tag of a file in the form that filters ask for (`folded`), written with it."""

    asset_id = BigIntegerField()
    folded = CharField(max_length=60)
    name = CharField(max_length=60)

    class Meta:
        indexes = (
            (("tenant_id", "asset_id", "folded"), True),
            (("tenant_id", "folded"), False),
        )


class FolderRight(TenantModel):
    """Once a folder has any, only these roles (and administrators) reach it and what lies below."""

    folder_id = IntegerField()
    role_id = IntegerField()
    may_edit = BooleanField(default=False)

    class Meta:
        indexes = ((("tenant_id", "folder_id", "role_id"), True),)


class MediaLimits(TenantModel):
    """Ceilings of a tenant in megabytes; None: as the house has it."""

    file_mb = IntegerField(null=True)
    user_mb = IntegerField(null=True)
    tenant_mb = IntegerField(null=True)
    zip_allowed = BooleanField(default=False)

    class Meta:
        indexes = ((("tenant_id",), True),)
