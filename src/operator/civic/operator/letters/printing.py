"""The letters as a file: PDF with a page for each code, or CSV for a printer's own layout."""

import csv
import io
from collections.abc import Sequence

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from civic.contracts.identifiers import ElectionId, StyleId
from civic.terminal.failures import SettingInvalid
from civic.voting.model.codes import PostedCode

_MARGIN = 25 * mm
_QR_SIDE = 45 * mm
_TITLE_FONT, _TEXT_FONT, _CODE_FONT = "Helvetica-Bold", "Helvetica", "Courier-Bold"
_TITLE_SIZE, _TEXT_SIZE, _CODE_SIZE, _SMALL_SIZE = 22, 12, 40, 9
_LINES = (
    "Enter this code where you vote. It is good for one ballot.",
    "Capital and small letters are different. There is no digit 0 and no letter O, I or l.",
    "Anyone who has the code can vote with it: keep it until you have voted, then destroy it.",
    "Nobody recorded which code you got. If you lose it, ask for another one in time.",
)


def as_csv(election: ElectionId, style: StyleId, codes: Sequence[PostedCode]) -> bytes:
    """Return one line per code."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(("election", "style", "code"))
    writer.writerows((election, style, code) for code in codes)
    return file.getvalue().encode()


def as_pdf(election: ElectionId, style: StyleId, codes: Sequence[PostedCode], title: str) -> bytes:
    """Return one A4 page per code, with the code in large letters and as a QR code.

    Raises:
        SettingInvalid: The title has characters that the fonts of every PDF reader lack.
    """
    require_printable(title)
    file = io.BytesIO()
    # Invariant: neither a time nor a random id in the file.
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    for code in codes:
        _page(canvas, election, style, code, title)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def require_printable(title: str) -> None:
    """Raise SettingInvalid for a title that a PDF without embedded fonts cannot show."""
    try:
        title.encode("cp1252")
    except UnicodeEncodeError:
        raise SettingInvalid(
            "the title has characters that PDF fonts lack; write a .csv and lay it out yourself"
        ) from None


def _page(
    canvas: Canvas, election: ElectionId, style: StyleId, code: PostedCode, title: str
) -> None:
    width, height = A4
    canvas.setFont(_TITLE_FONT, _TITLE_SIZE)
    canvas.drawString(_MARGIN, height - 40 * mm, title)
    canvas.setFont(_TEXT_FONT, _TEXT_SIZE)
    for number, line in enumerate(_LINES):
        canvas.drawString(_MARGIN, height - 55 * mm - number * 7 * mm, line)
    top = height - 110 * mm
    canvas.roundRect(_MARGIN, top - 12 * mm, width - 2 * _MARGIN, 30 * mm, 4 * mm)
    canvas.setFont(_CODE_FONT, _fitting(code, width - 2 * _MARGIN - 10 * mm))
    canvas.drawCentredString(width / 2, top - 1 * mm, code)
    _qr(canvas, code, (width - _QR_SIDE) / 2, top - 70 * mm)
    canvas.setFont(_TEXT_FONT, _SMALL_SIZE)
    canvas.drawCentredString(width / 2, 20 * mm, f"Election {election}, ballot style {style}")


def _fitting(code: PostedCode, room: float) -> float:
    # Every character of Courier is 0.6 of its size wide.
    return min(_CODE_SIZE, room / (0.6 * len(code)))


def _qr(canvas: Canvas, code: PostedCode, left: float, bottom: float) -> None:
    widget = QrCodeWidget(code, barLevel="Q")
    x, y, right, top = widget.getBounds()
    scale = (_QR_SIDE / (right - x), 0, 0, _QR_SIDE / (top - y), 0, 0)
    drawing = Drawing(_QR_SIDE, _QR_SIDE, transform=scale)
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, left, bottom)
