from hashlib import sha256

import numpy as np
import pytest

from customers.audiences import AdTool, Contacts, ad_audience, message_audience

Person = tuple[str, str, str, bool]


def contacts(*people: Person) -> Contacts:
    """Of (id, e-mail, phone, consent)."""
    ids, emails, phones, consent = (list(column) for column in zip(*people, strict=True)) if people else ([],) * 4
    return Contacts(
        *(np.array(texts, dtype=np.object_) for texts in (ids, emails, phones)), np.array(consent, dtype=np.bool_)
    )


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


SITI = ("siti", " Siti.Aminah@Gmail.com ", "+628123456789", True)


@pytest.mark.parametrize(
    ("tool", "headings", "email", "phone"),
    [
        ("google", ["Email", "Phone"], "sitiaminah@gmail.com", "+628123456789"),
        ("meta", ["email", "phone"], "siti.aminah@gmail.com", "628123456789"),
        ("tiktok", ["Email_SHA256", "Phone_SHA256"], "siti.aminah@gmail.com", "+628123456789"),
    ],
)
def test_each_tool_gets_its_own_headings_and_hashes_of_what_it_hashes(
    tool: AdTool, headings: list[str], email: str, phone: str
) -> None:
    found = ad_audience(contacts(SITI), tool=tool, name="at_risk")

    assert found.table.columns.tolist() == headings
    assert found.table.iloc[0].tolist() == [hashed(email), hashed(phone)]


def test_the_hash_is_the_published_one() -> None:
    # developer.x.com, "Custom Audiences User Data": SHA-256 of "adsapi", without salt, in lower case.
    assert hashed("adsapi") == "49e0be2aeccfb51a8dee4c945c8a70a9ac500cf6f5cb08112575f74db9b1470d"


def test_an_address_outside_gmail_keeps_its_periods_and_what_is_unknown_stays_empty() -> None:
    found = ad_audience(contacts(("a", "A.B@toko.co.id", "", True)), tool="google", name="new")

    assert found.table.iloc[0].tolist() == [hashed("a.b@toko.co.id"), ""]


def test_only_who_agreed_is_listed_and_who_is_left_out_is_counted() -> None:
    people = contacts(
        SITI,
        ("budi", "budi@toko.id", "", False),
        ("dewi", "no address", "", True),
        ("twin", "siti.aminah@gmail.com", "+628123456789", True),
    )

    for found in (ad_audience(people, tool="meta", name="new"), message_audience(people, name="new")):
        assert len(found.table) == 1
        assert (found.n_without_consent, found.n_unreachable, found.n_doubles) == (1, 1, 1)


def test_messages_go_to_plain_numbers_with_the_shops_own_id() -> None:
    found = message_audience(contacts(SITI), name="loyal")

    assert found.table.to_dict("records") == [
        {"phone": "+628123456789", "email": "siti.aminah@gmail.com", "customer_id": "siti"}
    ]


def test_files_are_marked_as_personal_data_in_name_and_notice() -> None:
    plain, ads = message_audience(contacts(SITI), name="loyal"), ad_audience(contacts(SITI), tool="meta", name="loyal")

    assert plain.file_name == "personal-data-loyal-messages.csv"
    assert ads.file_name == "personal-data-loyal-meta-hashed.csv"
    for found in (plain, ads):
        assert found.notice["en"].startswith(f"{found.file_name} (1 rows) holds personal data of customers who agreed")
        assert "data pribadi" in found.notice["id"]


def test_nobody_makes_an_empty_list() -> None:
    assert len(ad_audience(contacts(), tool="tiktok", name="new").table) == 0


def test_a_number_that_no_tool_would_match_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="that of row 1 is not") as refused:
        contacts(SITI, ("budi", "", "0812 3456 789", True))
    assert "0812" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "../new", "New", "a b"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name must be of lower-case letters"):
        message_audience(contacts(SITI), name=name)
