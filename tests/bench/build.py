"""A whole build from CSV logs, then under other rules, then with 1 % more: as a user does it.

SIZE (2 000 000) simulated samples of the same world as `cells` lie in CSV files of a million rows,
with a column for each of our own names. `covermap build` reads, checks, counts, judges, and makes
weak spots and tiles; then it judges under a rule pack of other thresholds, and under one that
differs in the rule for lines alone; then one more log comes from one part of the country. Every
command is a process of its own, and each is run once.

`rejudge_share`, `other_lines_share` and `incremental_share` are of the first build's seconds; with
`cpu` in their names, of its time on processors.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cells import NEW_SHARE, keep_byte_code, other_pack, processor_s, watched, write_file

ROWS = 1_000_000
COLUMNS = (
    "time", "lon", "lat", "position_error_m", "run_id", "operator", "technology", "service",
    "rsrp_dbm", "sinr_db", "dl_kbps",
)  # fmt: skip
OTHER_LINES = ("[line]\nshare = 0.95", "[line]\nshare = 0.9")
MAIN = "from covermap.cli import main; main()"
SOURCES = ("drive", "probe", "app")
CONFIG = """
[[measurements]]
name = "{source}"
files = ["raw/{source}-*.csv"]
format = "table"
source = "{source}"
datum = "wgs84"
timezone = "UTC"
antenna = "roof"
columns = {{ x = "lon", y = "lat", accuracy_m = "position_error_m", run_key = "run_id" }}
"""


def write_log(root: Path, number: int, rows: int) -> int:
    """Write one simulated log as CSV; give its bytes."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    path = root / "samples.parquet"
    write_file(path, number, rows)
    table = pq.read_table(path)
    path.unlink()
    source = table.column("source")[0].as_py()
    log = root / "raw" / f"{source}-{number:05d}.csv"
    log.parent.mkdir(exist_ok=True)
    pyarrow.csv.write_csv(table.select(list(COLUMNS)), log)
    return log.stat().st_size


def configure(root: Path) -> None:
    """Declare the logs that there are."""
    there = [s for s in SOURCES if any((root / "raw").glob(f"{s}-*.csv"))]
    text = "".join(CONFIG.format(source=source) for source in there)
    (root / "covermap.toml").write_text(text, encoding="utf-8")


def build(root: Path, *options: str) -> dict[str, Any]:
    """Build, and give the seconds and the most memory of all processes."""
    before = processor_s()
    command = [sys.executable, "-c", MAIN, "build", str(root), *options]
    found = watched(command)
    found["cpu_s"] = processor_s() - before
    print(found.pop("out"), end="")
    print("{name}: {seconds:.1f} s, {cpu_s:.1f} s of processors, {peak_gb:.2f} GB".format(
        name=" ".join(["build", *options]), **found), flush=True)  # fmt: skip
    return found


def main(size: int) -> dict[str, Any]:
    """Simulate logs and time the three builds."""
    from covermap.rules import pack_text

    with tempfile.TemporaryDirectory(prefix="build-") as name:
        keep_byte_code(Path(name) / "byte_code")
        tiny, root = Path(name) / "tiny", Path(name) / "world"
        for one, rows in ((tiny, 20_000), (root, size)):
            one.mkdir()
            per = min(ROWS, max(rows // 2, 1))
            sizes = [write_log(one, k, min(per, rows - k * per)) for k in range(-(-rows // per))]
            configure(one)
        build(tiny)  # compiles the kernels
        print(f"{size} rows in {len(sizes)} CSV files, {sum(sizes) / 2**30:.2f} GB")
        first = build(root)
        other = Path(name) / "other.toml"
        other.write_text(other_pack(), encoding="utf-8")
        again = build(root, "--rules", str(other))
        other.write_text(pack_text("project-default").replace(*OTHER_LINES), encoding="utf-8")
        lines = build(root, "--rules", str(other))
        write_log(root, 99_999, max(int(size * NEW_SHARE), 1))
        configure(root)
        more = build(root)
    return {
        "rows": size,
        "seconds": round(first["seconds"], 1),
        "rows_per_s": round(size / first["seconds"]),
        "peak_gb": round(first["peak_gb"], 2),
        "rejudge_share": round(again["seconds"] / first["seconds"], 4),
        "other_lines_share": round(lines["seconds"] / first["seconds"], 4),
        "incremental_share": round(more["seconds"] / first["seconds"], 4),
        "rejudge_cpu_share": round(again["cpu_s"] / first["cpu_s"], 4),
        "other_lines_cpu_share": round(lines["cpu_s"] / first["cpu_s"], 4),
        "incremental_cpu_share": round(more["cpu_s"] / first["cpu_s"], 4),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000)))
