"""Put the measured tables into docs/performance.md, each between the two lines that name it.

python benchmarks/report.py
"""

import re
from pathlib import Path

from interleaved import RESULTS

PAGE = Path("docs/performance.md")


def with_tables(page: str, results: Path) -> str:
    """The page with every ``<!-- table: NAME -->`` block filled from NAME.md; one without a result stays."""

    def filled(match: re.Match[str]) -> str:
        file = results / f"{match['name']}.md"
        content = f"\n{file.read_text().strip()}\n\n" if file.is_file() else match["content"]
        return f"<!-- table: {match['name']} -->\n{content}<!-- end -->"

    return re.sub(r"<!-- table: (?P<name>\w+) -->\n(?P<content>.*?)<!-- end -->", filled, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(), RESULTS))
