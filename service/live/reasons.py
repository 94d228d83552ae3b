"""Why an item is shown, in words a customer understands, in English and Indonesian."""

from recommender.feed import Reason
from service.live.catalogue import Catalogue

_TEXTS = {
    "en": {
        "bought_before": "You bought this before",
        "because_of": "Because of your interest in {title}",
        "similar": "Similar to {title}",
        "popular": "Popular now",
        "popular_in_segment": "Popular in {segment}",
        "new": "New in the shop",
        "from_the_shop": "From the shop",
        "for_you": "Picked for you",
    },
    "id": {
        "bought_before": "Pernah Anda beli",
        "because_of": "Karena minat Anda pada {title}",
        "similar": "Mirip dengan {title}",
        "popular": "Sedang populer",
        "popular_in_segment": "Populer di {segment}",
        "new": "Baru di toko",
        "from_the_shop": "Dari toko ini",
        "for_you": "Dipilih untuk Anda",
    },
}


def language(accept_language: str | None) -> str:
    """The first language of an ``Accept-Language`` header that the reasons are written in, else English."""
    wanted = []
    for position, part in enumerate((accept_language or "").split(",")):
        name, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((-weight, position, name.strip().lower().partition("-")[0]))
    # "in" is the code Indonesian had before 1989; old Java clients still send it.
    names = ["id" if name == "in" else name for weight, _, name in sorted(wanted) if weight < 0]
    return next((name for name in names if name in _TEXTS), "en")


def reason_text(reason: Reason, catalogue: Catalogue, *, spoken: str) -> str:
    """The sentence for one reason; where the item it would name has left the catalogue, one that names none."""
    texts = _TEXTS[spoken]
    if reason.key in ("because_of", "similar"):
        item = catalogue.by_id.get(reason.item_id) if reason.item_id is not None else None
        return texts[reason.key].format(title=item.title) if item is not None else texts["for_you"]
    return texts[reason.key].format(segment=reason.segment)
