"""The fonts, colors and number formats of the workbook: the same in Excel and in LibreOffice."""

from dataclasses import dataclass

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]

_INK, _PAPER, _LINE = "#1F3A4D", "#FFFFFF", "#D5DCE1"
_TO_FILL_IN = "#FFF8E1"
_RED, _AMBER, _GREEN, _GREY, _LINK = "#A2210F", "#8A5A00", "#1C6B3C", "#5B6770", "#0B5CAD"


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one workbook, each created once."""

    plain: Format
    wrapped: Format
    number: Format
    at_least: Format
    time: Format
    day: Format
    missing: Format
    header: Format
    header_to_fill_in: Format
    to_fill_in: Format
    day_to_fill_in: Format
    title: Format
    heading: Format
    bold: Format
    note: Format
    warning: Format
    good: Format
    link: Format
    back: Format
    number_link: Format
    at_least_link: Format
    row_line: Format
    levels: dict[str, Format]
    """By the text of a severity, a level or a status."""

    @classmethod
    def of(cls, book: Workbook) -> "Formats":
        """Create the formats of a workbook."""
        cell = {"valign": "top"}
        at_least, thousands = '"≥ "#,##0', "#,##0"
        number = {**cell, "align": "right", "indent": 1}
        link = {**cell, "font_color": _LINK, "underline": 1}
        line = {"bottom": 1, "bottom_color": _LINE}
        header = {
            "bold": True,
            "font_color": _PAPER,
            "bg_color": _INK,
            "valign": "vcenter",
            "border": 1,
            "border_color": _INK,
            "text_wrap": True,
        }
        serious = book.add_format({**cell, "bold": True, "font_color": _RED})
        medium = book.add_format({**cell, "bold": True, "font_color": _AMBER})
        low = book.add_format({**cell, "font_color": _GREY})
        good = book.add_format({**cell, "bold": True, "font_color": _GREEN})
        return cls(
            plain=book.add_format(cell),
            wrapped=book.add_format({**cell, "text_wrap": True}),
            number=book.add_format({**number, "num_format": thousands}),
            at_least=book.add_format({**number, "num_format": at_least, "font_color": _AMBER}),
            time=book.add_format({**cell, "num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
            day=book.add_format({**cell, "num_format": "yyyy-mm-dd", "align": "left"}),
            missing=book.add_format({**cell, "italic": True, "font_color": _AMBER}),
            header=book.add_format(header),
            header_to_fill_in=book.add_format({**header, "font_color": _INK, "bg_color": "#F2C94C"}),
            to_fill_in=book.add_format({**cell, "text_wrap": True, "locked": False, "bg_color": _TO_FILL_IN}),
            day_to_fill_in=book.add_format(
                {
                    **cell,
                    "num_format": "yyyy-mm-dd",
                    "align": "left",
                    "locked": False,
                    "bg_color": _TO_FILL_IN,
                }
            ),
            title=book.add_format({"bold": True, "font_size": 16, "font_color": _INK, "valign": "vcenter"}),
            heading=book.add_format({"bold": True, "font_size": 12, "font_color": _INK, **line}),
            bold=book.add_format({**cell, "bold": True}),
            note=book.add_format({**cell, "font_color": _GREY}),
            warning=serious,
            good=good,
            link=book.add_format(link),
            back=book.add_format({**link, "valign": "vcenter"}),
            number_link=book.add_format({**link, **number, "num_format": thousands}),
            at_least_link=book.add_format({**link, **number, "num_format": at_least}),
            row_line=book.add_format(line),
            levels={
                **dict.fromkeys(("high", "ADMINISTRATOR", "administrator", "failed", "interrupted"), serious),
                **dict.fromkeys(
                    (
                        *("medium", "CAN_ESCALATE", "can become administrator"),
                        *("MANAGES_ACCESS", "manages access", "incomplete"),
                    ),
                    medium,
                ),
                **dict.fromkeys(("NEW", "CHANGED"), medium),
                **dict.fromkeys(("low", "READ", "NONE", "UNCHANGED"), low),
                "complete": good,
            },
        )
