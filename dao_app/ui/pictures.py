"""Reading an invitation from a picture: a file, or what is on the clipboard."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageReader

from dao_app.app.errors import InputError

PICTURE_EDGE_MAX = 4_000  # pixels; larger pictures are reduced before looking for a code
PICTURE_BYTES_MAX = 32 * 1024 * 1024
TEXT_FILE_BYTES_MAX = 64 * 1024  # an invitation file is far smaller
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")


def clipboard_picture() -> QImage:
    """The picture on the clipboard. Raises InputError where there is none."""
    image = QGuiApplication.clipboard().image()
    if image.isNull():
        raise InputError("clipboard_no_picture")
    return image


def load_picture(path: Path) -> QImage:
    """A picture file, reduced while it is read if it is large. Raises InputError where it is none."""
    reader = QImageReader(str(path))
    size = reader.size()
    if not size.isValid() or path.stat().st_size > PICTURE_BYTES_MAX:
        raise InputError("picture_unreadable", path=path.name)
    if max(size.width(), size.height()) > PICTURE_EDGE_MAX:
        reader.setScaledSize(size.scaled(QSize(PICTURE_EDGE_MAX, PICTURE_EDGE_MAX), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise InputError("picture_unreadable", path=path.name)
    return image


def codes_in(image: QImage) -> list[str]:
    """The texts of all QR codes in a picture."""
    import zxingcpp  # loaded only when a picture is read

    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    data, line = bytes(grey.constBits()), grey.bytesPerLine()
    rows = b"".join(data[y * line : y * line + grey.width()] for y in range(grey.height()))
    view = memoryview(rows).cast("B", shape=[grey.height(), grey.width()])
    found = zxingcpp.read_barcodes(view, formats=zxingcpp.BarcodeFormat.QRCode)  # type: ignore[arg-type]
    return [code.text for code in found if code.text]


def invitation_in_picture(image: QImage) -> str:
    """The text of the one QR code in a picture. Raises InputError where there is none."""
    codes = codes_in(image)
    if not codes:
        raise InputError("picture_no_code")
    return codes[0]


def invitation_in_file(path: Path) -> str:
    """An invitation from a text file or a picture file. Raises InputError where it is neither."""
    try:
        if path.suffix.lower() in PICTURE_SUFFIXES:
            return invitation_in_picture(load_picture(path))
        with path.open("rb") as file:
            data = file.read(TEXT_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InputError("file_unreadable", path=path.name, detail=error.strerror or "") from error
    if len(data) > TEXT_FILE_BYTES_MAX:
        raise InputError("invite_unreadable")
    return data.decode("utf-8", "replace")
