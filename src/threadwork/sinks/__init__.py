"""Where results go: a record format (JSON Lines, CSV) and a destination (a file that appears when whole, or a stream)."""

from .csv_rows import CsvRows
from .destination import Destination, Stream, open_destination
from .json_lines import JsonLines, json_text
from .output import Output, RecordFormat, open_output
from .output_error import OutputError, UnwritableValue
from .whole_file import WholeFile, paths_of_output

__all__ = [
    "CsvRows",
    "Destination",
    "JsonLines",
    "Output",
    "OutputError",
    "RecordFormat",
    "Stream",
    "UnwritableValue",
    "WholeFile",
    "json_text",
    "open_destination",
    "open_output",
    "paths_of_output",
]
