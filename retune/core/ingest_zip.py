"""A look into the zip container of an Office file before any library opens it."""

from __future__ import annotations

import io
import zipfile

from retune.core.ingest import UnreadableError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an Office file with a password is no zip but this
ENCRYPTED_FLAG = 0x1
MAX_MEMBERS = 10_000
MEGABYTE = 2**20
DOCTYPE = b"<!DOCTYPE"


def check_office_file(data: bytes, max_unpacked_mb: int) -> None:
    """Raise UnreadableError for a password, a zip bomb, a broken container, and XML that defines entities.

    A member never unpacks to more than it declares (zipfile checks it), so the declared sizes can be trusted here.
    """
    if data.startswith(OLE_MAGIC):
        raise UnreadableError("encrypted", "it has a password, or is in the binary format of before 2007")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise UnreadableError("corrupt", "the file is cut off or damaged (no zip container)") from error
    members = archive.infolist()
    if any(member.flag_bits & ENCRYPTED_FLAG for member in members):
        raise UnreadableError("encrypted", "members of the file have a password")
    size = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or size > max_unpacked_mb * MEGABYTE:
        raise UnreadableError("too_large", f"it unpacks to {size} bytes in {len(members)} members")
    for member in members:
        if member.filename.endswith((".xml", ".rels")) and DOCTYPE in _beginning(archive, member):
            raise UnreadableError("corrupt", "its XML has a document type definition, which an Office file never has")


def _beginning(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(4096)
