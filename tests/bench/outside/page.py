"""The page of figures."""

ABOUT = (
    "A firm is asked over Flight SQL (ADBC) about the tables of a city: contracts, records, receipts and TLS are in its times. DuckDB and "
    "DataFusion read the same Parquet files in the process that asks, with all cores. Each figure is the least of some rounds after a first."
)


class Page:
    """The figures as a part of docs/figures.md, which stands last in it; `cargo ratios` writes what stands before."""

    HEADING = "## From outside"

    def __init__(self, scale):
        self.lines = [self.HEADING, "", f"Written by `tests/bench/outside/run --scale {scale} --page docs/figures.md`. {ABOUT}"]

    def begin_table(self, *names):
        self.lines += ["", "| " + " | ".join(names) + " |", "|---" * len(names) + "|"]

    def add_row(self, *cells):
        self.lines.append("| " + " | ".join(cell if isinstance(cell, str) else f"{cell:.2f}" for cell in cells) + " |")

    def write(self, path):
        before = path.read_text(encoding="utf-8").split(f"\n{self.HEADING}")[0] if path.exists() else ""
        path.write_text(before.rstrip() + "\n\n" + "\n".join(self.lines) + "\n", encoding="utf-8")
