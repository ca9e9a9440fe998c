"""Where items come from. Each source is a lazy iterator; what it cannot read it names by file and line."""

from .files import files_below
from .formats import csv_rows, json_values, lines
from .input_error import InputError
from .input_stream import InputStream

__all__ = ["InputError", "InputStream", "csv_rows", "files_below", "json_values", "lines"]
