from pathlib import Path

import first_host
from first_host import OneTable
from host_client import Serve
from sample_records import one_of_each
from stored_rows import rows_of

README = Path(first_host.__file__).parent.parent / "README.md"


async def test_every_kind_is_stored_once(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    stream = (await serve(OneTable(str(file)))).stream()
    records = one_of_each()
    await stream.send(*records, *records)
    assert (await stream.answer()).acknowledged_sequence == 12
    assert [row[:2] for row in rows_of(file, "records")] == [(record.id, type(record).__name__) for record in records]


def test_the_readme_shows_it_as_it_is() -> None:
    assert f"```python\n{Path(first_host.__file__).read_text()}```\n" in README.read_text()
