from collections.abc import Callable

import pytest

from service.jobs.importing.reading import Sheet

Read = Callable[..., Sheet]
HEAD = "No Nota,Tanggal,Pelanggan,Barang,Jumlah,Harga\n"


def refused(sheet: Sheet) -> list[list[object]]:
    return sheet.refused[["row_number", "reason"]].to_numpy().tolist()


def test_titles_and_blank_rows_above_the_headings_are_skipped(read: Read) -> None:
    titles = "Laporan Penjualan September,,,,,\n,,,,,\nToko Sri,Bandung,,,,\n\n"
    sheet = read(titles + HEAD + "1,2024-03-05,Sri,Kopi,1,4\n")
    assert sheet.events["row_number"].tolist() == [6]
    assert sheet.reading.title_rows == 2
    assert "2 rows above the headings were taken for titles." in sheet.reading.notes


@pytest.mark.parametrize(
    "row",
    [
        *(",,,TOTAL,3,12", "Total,,,,3,12", ",Jumlah,,,3,12", ",,Grand Total,,3,12", "Total Penjualan Maret:,,,,3,12"),
        *("Sub-total,,,,3,12", ",2024-03-05,,Total,3,12", "Jumlah keseluruhan,2024-03-31,,,3,12"),
    ],
)
def test_a_row_of_totals_is_no_sale(read: Read, row: str) -> None:
    sheet = read(HEAD + "1,2024-03-05,Sri,Kopi,3,4\n" + row + "\n")
    assert refused(sheet) == [[3, "total_row"]]
    assert sheet.events["amount_minor"].sum() == 1200


@pytest.mark.parametrize("item", ["Total Eclipse T-shirt", "Jumlahan", "Totalizer", "Grand Total poster"])
def test_goods_whose_names_hold_the_word_are_sales(read: Read, item: str) -> None:
    assert len(read(HEAD + f"1,2024-03-05,Sri,{item},3,4\n").events) == 1


def test_headings_that_stand_again_in_the_middle_are_no_sale(read: Read) -> None:
    month = HEAD.replace("Tanggal", "TANGGAL") + "{},2024-0{}-05,Sri,Kopi,3,4\n"
    sheet = read(month.format(1, 3) + month.format(2, 4))
    assert refused(sheet) == [[3, "repeated_headings"]]
    assert sheet.events["order_id"].tolist() == ["1", "2"]


def test_what_stands_above_the_headings_tells_nothing_of_dates_and_numbers(read: Read) -> None:
    """The title's date would say month first, its number a decimal comma."""
    titles = 'Laporan,12/31/2024,,,,\n,,,,Omzet,"1,5"\n'
    sheet = read(titles + HEAD + "1,05/03/2024,Sri,Kopi,1,1.005\n", timezone="UTC")
    assert sheet.events["at"].tolist() == [1_709_596_800_000_000]
    assert sheet.events["amount_minor"].tolist() == [100]


def test_an_order_written_once_above_its_lines_is_one_order(read: Read) -> None:
    sheet = read(
        HEAD + "N1,2024-03-05,Sri,Kopi,1,4\n,,,Teh,1,3\nN1,,Sri,Gula,1,2\nN2,2024-03-06,,Teh,1,3\n,,,Kopi,1,4\n"
    )
    assert sheet.events["order_id"].tolist() == ["N1", "N1", "N1", "N2", "N2"]
    assert sheet.events["counted_as"].tolist() == ["purchase"] * 3 + ["anonymous"] * 2
    assert sheet.events["at"].nunique() == 2
    assert any(note.startswith("3 rows have no date of their own") for note in sheet.reading.notes)


def test_a_sale_with_a_date_of_its_own_and_no_customer_is_anonymous(read: Read) -> None:
    sheet = read(HEAD + "N1,2024-03-05,Sri,Kopi,1,4\n,2024-03-05,,Teh,1,3\n")
    assert sheet.events["anonymous"].tolist() == [False, True]
    assert not any("no date of their own" in note for note in sheet.reading.notes)


@pytest.mark.parametrize(
    "lines",
    [
        "N2,,,Teh,1,3\n",
        ",,Budi,Teh,1,3\n",
        ",,,,1,3\n",
        ",,,,,\n,,,Teh,1,3\n",
        ",,,Total,1,3\n,,,Teh,1,3\n",
    ],
)
def test_a_row_without_a_date_that_may_belong_elsewhere_is_refused(read: Read, lines: str) -> None:
    sheet = read(HEAD + "N1,2024-03-05,Sri,Kopi,1,4\n" + lines)
    assert len(sheet.events) == 1
    assert set(sheet.refused["reason"]) <= {"bad_date", "missing_item", "total_row"}


def test_a_row_that_follows_a_bad_date_is_refused_with_it(read: Read) -> None:
    assert refused(read(HEAD + "N1,soon,Sri,Kopi,1,4\n,,,Teh,1,3\n")) == [[2, "bad_date"], [3, "bad_date"]]


def test_what_a_row_took_from_above_stands_in_the_row_to_mend(read: Read) -> None:
    """31/12 tells the file's order of days, which the refused rows alone would not."""
    sheet = read(HEAD + "N1,31/12/2024,Sri,Kopi,1,4\nN2,01/02/2024,Budi,Kopi,1,4\n,,,Teh,one,1.005\n")
    assert sheet.refused["cells"].tolist() == [["N2", "2024-02-01T00:00:00Z", "Budi", "Teh", "one", "1.0050"]]
    mended = "\n".join([",".join(sheet.headings), ",".join(sheet.refused["cells"][0]).replace("one", "1")])
    again = read(mended).events
    whole = read(HEAD + "N1,31/12/2024,Sri,Kopi,1,4\nN2,01/02/2024,Budi,Kopi,1,4\n,,,Teh,1,1.005\n").events
    assert again["id"].tolist() == whole["id"].tolist()[2:]
