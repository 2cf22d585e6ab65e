"""Exports that a person downloaded: files in, Reports out. One file a known kind of export.

::

    reading.py     a path → FileReport, or ImportRefused
    table.py       a path → header and rows
    text.py        bytes → text → rows (encodings, delimiters); workbook.py: XLSX and XLS → rows, bombs refused unopened
    export.py      what a kind of export is, and which kind a header is; kinds.py lists them
    dates.py figures.py currencies.py    columns of text → days, exact figures, one currency
    rows.py        columns → observations, summed per campaign, product and day
"""

from bidder.connectors.files.reading import read
from bidder.connectors.files.report import FileReport, ReadOptions

__all__ = ["FileReport", "ReadOptions", "read"]
