"""A character that not every database keeps costs its own row only, whatever the file holds."""

import json
from pathlib import Path

import pytest

from service.jobs.importing.sheets import read_sheet

SALE = {"Tanggal": "2026-09-01", "Pelanggan": "Sari", "Nama Barang": "Kopi", "Jumlah": "1", "Harga": "65000"}
EXPENSE = {"Tanggal": "2026-09-01", "Keterangan": "Sewa kios", "Kategori": "Sewa", "Supplier": "Budi", "Nominal": "5"}


@pytest.mark.parametrize(("row", "field"), [(SALE, "Nama Barang"), (EXPENSE, "Keterangan")])
def test_a_null_character_is_refused_alone(tmp_path: Path, row: dict[str, str], field: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in ({**row, field: "Ko\0pi"}, row)) + "\n")
    sheet = read_sheet(
        file,
        kind=None,
        mapping={},
        currency="IDR",
        timezone="Asia/Jakarta",
        now=2**51,
        on_progress=lambda _doing: None,
    )
    assert sheet.refused["reason"].tolist() == ["bad_text"]
    assert len(sheet.events) + len(sheet.expenses) == 1
