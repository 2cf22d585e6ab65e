"""Exports that a person downloaded: files in, Reports out. One file a known kind of export.

::

    reading.py     a path → FileReport, or ImportRefused; archive.py: a zip of exports → its tables
    table.py       bytes → header and rows
    text.py        bytes → text → rows (encodings, delimiters); workbook.py: XLSX and XLS → rows, bombs refused unopened
    markup.py      pages saved as .xls → rows
    export.py      what a kind of export is, and which kind a header is; kinds.py lists them
    dates.py figures.py currencies.py    columns of text → days, exact figures, one currency
    columns.py     what every subject asks of a table
    rows.py        columns of ads → observations, summed per campaign, product and day
    shop.py orders.py stock.py    columns of what the shop did, of its orders, of its stock
"""

from bidder.connectors.files.reading import read, read_all
from bidder.connectors.files.report import FileReport, ReadOptions

__all__ = ["FileReport", "ReadOptions", "read", "read_all"]
