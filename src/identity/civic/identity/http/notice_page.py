"""The privacy notice as a page to read (GDPR Art. 12(1): concise, intelligible, accessible)."""

from collections.abc import Sequence
from html import escape

from civic.identity.model.notice import Part, PrivacyNotice

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Privacy notice</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #767676; }}
dt {{ font-weight: 600; margin-top: .6rem; }}
dd {{ margin: 0; }}
</style>
<main>
<h1>Privacy notice</h1>
{body}
</main>
</html>
"""  # noqa: E501 - style rules, one a line


def notice_page(notice: PrivacyNotice) -> str:
    """Return the notice as HTML that loads nothing and runs nothing."""
    facts = (
        ("Who is responsible", notice.controller),
        ("How to reach them", notice.contact),
        ("Data protection officer", notice.data_protection_officer),
        ("On what legal basis", notice.lawful_basis),
        ("Where the data comes from", notice.source),
        ("Whether you must give it", notice.provision),
        ("Transfers to other countries", notice.transfers),
        ("Automated decisions", notice.automated_decisions),
    )
    body = "\n".join(
        (
            _facts(facts),
            _table("What is processed, and what for", ("field", "purpose"), notice.fields),
            _table("Who gets to see it", ("who", "what"), notice.recipients),
            _table("How long it is kept", ("what", "how_long"), notice.retention),
            _table("Your rights", ("right", "article", "how"), notice.rights),
        )
    )
    return _PAGE.format(body=body)


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    items = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f"<dl>\n{items}\n</dl>"


def _table(title: str, columns: Sequence[str], rows: Sequence[Part]) -> str:
    head = "".join(f'<th scope="col">{escape(one.replace("_", " "))}</th>' for one in columns)
    lines = [
        "<tr>" + "".join(f"<td>{escape(str(getattr(row, one)))}</td>" for one in columns) + "</tr>"
        for row in rows
    ]
    return f"<h2>{escape(title)}</h2>\n<table>\n<tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"
