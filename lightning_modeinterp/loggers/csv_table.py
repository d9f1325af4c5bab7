"""A CSV file that grows by rows and columns, and is readable at any time."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.files import write_aside


class CSVTable:
    """Rows with a column ``step``, on disk as soon as they are appended.

    Columns are sorted by name, so the file does not depend on the order of logging.

    Args:
        path: The file. Its folder is created.
        keep_before_step: Keep the rows of an existing file whose step is smaller. None keeps none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     table = CSVTable(Path(folder) / "metrics.csv")
        ...     table.append({"step": 0, "loss": 1.5})
        ...     table.append({"step": 1, "loss": 0.5, "accuracy": 1.0})
        ...     print(table.path.read_text())
        accuracy,loss,step
        ,1.5,0
        1.0,0.5,1
        <BLANKLINE>
    """

    def __init__(self, path: Path, keep_before_step: int | None = None) -> None:
        self.path = path
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._columns: list[str] = []
        if keep_before_step is None:
            self.path.unlink(missing_ok=True)
        else:
            self._keep_before(keep_before_step)

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; if it has new columns, the file is rewritten under a temporary name."""
        if new := row.keys() - set(self._columns):
            rows = self._read() if self.path.exists() else []
            self._columns = sorted([*self._columns, *new])
            self._write([*rows, row])
        else:
            with self.path.open("a", newline="") as file:
                file.write(self._lines([row]))

    def _keep_before(self, step: int) -> None:
        if self.path.exists():
            rows = self._read()
            self._write([row for row in rows if int(row["step"]) < step])

    def _read(self) -> list[dict[str, str]]:
        """Rows of the file, without a last line that is incomplete after a kill."""
        whole, _, _ = self.path.read_text().rpartition("\n")
        reader = csv.DictReader(io.StringIO(whole))
        self._columns = list(reader.fieldnames or [])
        return list(reader)

    def _write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        header = self._lines([dict(zip(self._columns, self._columns, strict=True))])
        write_aside(self.path, (header + self._lines(rows)).encode())

    def _lines(self, rows: Iterable[Mapping[str, Any]]) -> str:
        lines = io.StringIO()
        csv.DictWriter(lines, self._columns, lineterminator="\n").writerows(rows)
        return lines.getvalue()
