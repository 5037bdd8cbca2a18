"""docs/benchmarks.md and its chart, from the raw figures of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench import chart
from bench.chart import Bar, Panel, figure
from bench.scenarios import TITLES
from bench.subjects import SUBJECTS, Subject

Run = dict[str, Any]
Result = dict[str, Any]

CHARTED = ("eq-hit", "list-first", "get", "create", "group-add", "cycle")
PEERS = ("stock", "scim2-server", "scimmy")

HOW = """\
One command measured everything here on one machine: `make bench-scim`. Your figures
will differ; compare columns, not machines.

- **The same directory for all.** {sizes} users, a twentieth as many groups, and one group
  of 10,000 members (all, where there are fewer). Everybody is in one or two groups.
- **The same load for all.** {clients} client processes, each with one kept connection, ask
  as fast as they are answered, for {seconds:g} s a scenario after a warm-up{repeat}. They run
  on the processors of the server.
- **In turn.** All subjects run filled and at rest; each scenario goes through them one
  after the other.
- **Every answer is checked** (status, totals, ids, number of members), and afterwards the
  store is read back: whoever was added is a member, whoever was renamed has the new name,
  nobody is there twice or missing. What was wrong is said below the table.
- **This project** is served as `make run` serves it, with every call recorded in the event
  log. Stock django-scim2 has the same gunicorn settings and the same settings of SQLite; it
  records nothing. scim2-server runs under gunicorn with one process, SCIMMY in Node with a
  store of 40 lines; both keep everything in memory and lose it when they end.
- **The floor** is no SCIM server. It repeats the SQL of this project's requests by the bare
  driver, the event of a write and COMMIT included, and answers with the same bytes, under
  the same gunicorn settings. It shows what Django, the SCIM engine and the checks cost. It
  leaves out the events of reads, which this project writes in batches beside its answers.
- An **Entra cycle** is five requests: look a new person up, create, look the group up by
  name, add the person to the large group, disable the person.
"""


def write(run: Run, docs: Path) -> list[Path]:
    """Write document and chart below *docs* and return where they are."""
    document, drawing = docs / "benchmarks.md", docs / "images" / "benchmarks.svg"
    drawing.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(markdown(run))
    drawing.write_text(picture(run))
    return [document, drawing]


# ------------------------------------------------------------------------ the figures


class Figures:
    """The results of a run by subject, scenario and size."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._found: dict[tuple[str, str, int], Result] = {
            (row["subject"], row["scenario"], row["users"]): row
            for row in run["results"]
        }
        taking_part = {row["subject"] for row in run["results"]}
        self.subjects = [item for item in SUBJECTS if item.key in taking_part]
        ran = {row["scenario"] for row in run["results"]}
        self.scenarios = [name for name in TITLES if name in ran]

    def result(self, subject: str, scenario: str, users: int) -> Result | None:
        return self._found.get((subject, scenario, users))

    def rate(self, subject: str, scenario: str, users: int) -> float | None:
        row = self.result(subject, scenario, users)
        return row["rate"] if row and row["rate"] else None

    def ratio(self, ours: str, other: str, scenario: str, users: int) -> str:
        mine = self.rate(ours, scenario, users)
        theirs = self.rate(other, scenario, users)
        return f"{figure(mine / theirs)} ×" if mine and theirs else "–"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def remarks(row: Result) -> list[str]:
    """Return what has to be said about an otherwise bare figure."""
    wrong = [f"{what} ({times} times)" for what, times in row["wrong"].items()]
    return [*wrong, *row["remarks"], *([row["lost"]] if row["lost"] else [])]


# --------------------------------------------------------------------------- sections


def markdown(run: Run) -> str:
    figures = Figures(run)
    parts = [
        "# Benchmarks",
        _introduction(run),
        "![Requests per second of each subject](images/benchmarks.svg)",
        "## How it was measured",
        _how(run),
        "## Versions",
        table(["", ""], sorted(run["versions"].items())),
    ]
    for users in run["sizes"]:
        parts += _size(figures, users)
    parts += _drop(figures)
    parts += _queries(run)
    parts += _memory(figures)
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _introduction(run: Run) -> str:
    skipped = "".join(
        f" {_title(key)} was skipped: {why}." for key, why in run["skipped"].items()
    )
    return (
        f"The SCIM service beside its peers, measured on {run['when'][:10]}. This page is "
        f"written by `make bench-scim`; do not edit it.{skipped}"
    )


def _how(run: Run) -> str:
    sizes = " / ".join(f"{users:,}" for users in run["sizes"])
    repeat = f", the median of {run['repeat']}" if run["repeat"] > 1 else ""
    loads = ", ".join(f"{value:.1f}" for value in run["load_average"])
    return (
        HOW.format(
            sizes=sizes, clients=run["clients"], seconds=run["seconds"], repeat=repeat
        )
        + f"- Load average of the machine before and after each size: {loads}."
    )


def _title(key: str) -> str:
    return next((item.title for item in SUBJECTS if item.key == key), key)


def _size(figures: Figures, users: int) -> list[str]:
    notes: list[str] = []

    def cell(subject: Subject, scenario: str) -> str:
        row = figures.result(subject.key, scenario, users)
        if row is None:
            return "–"
        if row["not_offered"]:
            return "501"
        said = (
            f"{figure(row['rate'])} ({figure(row['p95'])})" if row["rate"] else "none"
        )
        for remark in remarks(row):
            note = f"{subject.title}, {TITLES[scenario]}: {remark}"
            if note not in notes:
                notes.append(note)
            said += f" [{notes.index(note) + 1}]"
        return said

    rates = _by_scenario(figures, cell)
    said = "\n".join(f"{number}. {note}" for number, note in enumerate(notes, 1))
    return [
        f"## {users:,} users",
        "Requests a second, in brackets the 95th percentile of the answer's time in ms. "
        "501: the server says that it does not do this.",
        rates,
        said,
        f"### How many times as fast, {users:,} users",
        _ratios(figures, users),
        f"### Processor time, {users:,} users",
        "Milliseconds of the server for one request, those of the database included.",
        _by_scenario(figures, _processor(figures, users)),
    ]


def _by_scenario(figures: Figures, cell: Callable[[Subject, str], str]) -> str:
    return table(
        ["", *(subject.title for subject in figures.subjects)],
        (
            [TITLES[name], *(cell(subject, name) for subject in figures.subjects)]
            for name in figures.scenarios
        ),
    )


def _processor(figures: Figures, users: int) -> Callable[[Subject, str], str]:
    def cell(subject: Subject, scenario: str) -> str:
        row = figures.result(subject.key, scenario, users)
        return f"{row['processor']:.2f}" if row and row["rate"] else "–"

    return cell


def _ratios(figures: Figures, users: int) -> str:
    keys = [subject.key for subject in figures.subjects]
    pairs = [("ours-sqlite", other) for other in (*PEERS, "floor-sqlite")]
    pairs += [("ours-postgresql", other) for other in ("stock", "floor-postgresql")]
    pairs = [pair for pair in pairs if set(pair) <= set(keys)]
    if not pairs:
        return ""
    return table(
        ["", *(f"{_title(ours)} / {_title(other)}" for ours, other in pairs)],
        (
            [
                TITLES[name],
                *(figures.ratio(ours, other, name, users) for ours, other in pairs),
            ]
            for name in figures.scenarios
        ),
    )


def _drop(figures: Figures) -> list[str]:
    """How much slower a lookup gets when the directory grows."""
    sizes = figures.run["sizes"]
    if len(sizes) < 2 or "eq-hit" not in figures.scenarios:
        return []

    def row(subject: Subject) -> list[str]:
        found = [figures.rate(subject.key, "eq-hit", users) for users in sizes]
        first, last = found[0], found[-1]
        change = f"{(last / first - 1) * 100:+.0f} %" if first and last else "–"
        rates = [figure(rate) if rate else "–" for rate in found]
        return [subject.title, *rates, change]

    return [
        "## `userName eq` as the directory grows",
        "Requests a second for a lookup that finds its user. Every match of an identity "
        "provider is one.",
        table(
            ["", *(f"{users:,} users" for users in sizes), "first to last"],
            map(row, figures.subjects),
        ),
    ]


def _queries(run: Run) -> list[str]:
    if not run["queries"]:
        return []
    keys = list(run["queries"])
    names = [name for name in TITLES if name in run["queries"][keys[0]]]
    return [
        "## Queries of one request",
        "SQL statements of this project, the event of a write included; those of reads are "
        "written in batches beside the answers. `BEGIN`, `COMMIT` and savepoints are not "
        f"counted. With {run['sizes'][-1]:,} users.",
        table(
            ["", *map(_title, keys)],
            (
                [TITLES[name], *(str(run["queries"][key][name]) for key in keys)]
                for name in names
            ),
        ),
    ]


def _memory(figures: Figures) -> list[str]:
    run = figures.run
    if not run["memory"]:
        return []
    found = {(row["subject"], row["users"]): row for row in run["memory"]}

    def cell(subject: Subject, users: int) -> str:
        row = found.get((subject.key, users))
        if row is None:
            return "–"
        said = f"{row['own_pss']:.0f}"
        if row["pss"] - row["own_pss"] > 1:
            said += f" + {row['pss'] - row['own_pss']:.0f}"
        return said

    parts = [
        "## Memory",
        "MiB of all processes at the end of the scenarios; pages that processes share are "
        "counted once (PSS). Behind the plus: the PostgreSQL server.",
        table(
            ["", *(f"{users:,} users" for users in run["sizes"])],
            (
                [item.title, *(cell(item, users) for users in run["sizes"])]
                for item in figures.subjects
            ),
        ),
    ]
    return parts + _soak(run)


def _soak(run: Run) -> list[str]:
    soak = run.get("soak")
    if not soak:
        return []
    return [
        f"A mixed load of {soak['samples'][-1]['requests']:,} requests on "
        f"{_title(soak['subject'])} with {soak['users']:,} users, {soak['wrong']} answers "
        "wrong. MiB of its processes meanwhile:",
        table(
            ["requests", "RSS", "PSS"],
            (
                [
                    f"{item['requests']:,}",
                    f"{item['rss']:.0f}",
                    f"{item['pss']:.0f}",
                ]
                for item in soak["samples"]
            ),
        ),
    ]


# -------------------------------------------------------------------------- the chart


def picture(run: Run) -> str:
    """Draw the scenarios that matter most, at the middle size."""
    figures = Figures(run)
    users = run["sizes"][len(run["sizes"]) // 2]
    shown = [subject for subject in figures.subjects if not subject.is_floor]

    def bar(subject: Subject, scenario: str) -> Bar:
        row = figures.result(subject.key, scenario, users)
        is_ours = subject.key.startswith("ours")
        if row is None or not row["rate"]:
            note = "501" if row and row["not_offered"] else "none"
            return Bar(subject.title, None, note, is_ours=is_ours)
        mark = " *" if remarks(row) else ""
        return Bar(subject.title, row["rate"], mark, is_ours=is_ours)

    panels = [
        Panel(TITLES[name].replace("`", ""), [bar(subject, name) for subject in shown])
        for name in CHARTED
        if name in figures.scenarios
    ]
    return chart.svg(
        f"Requests a second, {users:,} users",
        f"{run['clients']} clients, every answer checked. Longer is better. "
        "* not all answers were right, see the table.",
        panels,
    )
