"""A small shop inside the test process: the real app on a real log, spoken to over ASGI."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.settings import Settings
from service.wiring import Services, build

NOW = "2026-11-20T12:00:00Z"

HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country"

SALES = (
    "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia",
    "1001,cup,Cup,1,2026-03-02 10:00,4.00,anna,Indonesia",
    "1002,tea,Green tea,1,2026-03-09 12:00,2.50,ben,France",
    "C1002,tea,Green tea,-1,2026-03-10 12:00,2.50,ben,France",
    "1003,cup,Cup,1,2026-03-11 09:00,0,anna,Indonesia",
    "1004,cup,Cup,3,2026-03-12 09:00,4.00,,France",
    "1005,tea,Green tea,many,2026-03-13 09:00,2.50,ben,France",
    "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia",
)
"""Eight lines: four purchases (one line is there twice), a refund, a free line, an anonymous sale, one to refuse."""

WriteSales = Callable[..., Path]


@dataclass(frozen=True)
class SmallShop:
    """A wired service and a way to send it requests at a simulated instant."""

    services: Services

    def ask(self, method: str, path: str, *, now: str | None = NOW, **request: Any) -> httpx.Response:
        """The answer to one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(create_app(self.services))
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                headers = {**({"X-Kembang-Now": now} if now else {}), **request.pop("headers", {})}
                return await client.request(method, path, headers=headers, **request)

        self.services.refresher.refresh()
        return asyncio.run(send())

    def tell(self, *events: Any, now: str = NOW) -> list[dict[str, Any]]:
        """What became of each event."""
        answer = self.ask("POST", "/v1/events", json={"events": list(events)}, now=now)
        assert answer.status_code == 202, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def feed(self, user: str = "anna", *, now: str = NOW, **parameters: Any) -> dict[str, Any]:
        """A user's feed."""
        answer = self.ask("GET", f"/v1/users/{user}/feed", params=parameters, now=now)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallShop]:
    """Four products and two videos, no events, no model, a simulated clock."""
    settings = Settings.from_environment({"KEMBANG_HOME": str(tmp_path / "home"), "KEMBANG_QUEUE_CAPACITY": "3"})
    with build(settings, simulated_clock=True) as services:
        made = SmallShop(services)
        items = [
            {"id": f"p{n}", "kind": "product", "title": f"Product {n}", "price": "2.50", "categories": ["care"]}
            for n in range(4)
        ] + [{"id": f"v{n}", "kind": "content", "title": f"Video {n}", "creator": "ibu"} for n in range(2)]
        answer = made.ask("PUT", "/v1/items", json={"items": items})
        assert [result["result"] for result in answer.json()["results"]] == ["accepted"] * 6
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def either_shop(request: pytest.FixtureRequest, shop: Any, tmp_path: Path) -> Iterator[Any]:
    """The shop on each kind of database in turn, with a simulated clock; on PostgreSQL its catalogue is empty."""
    if request.param == "sqlite":
        yield shop
        return
    url = request.getfixturevalue("postgres_url")
    settings = replace(shop.services.settings, database_url=url, home=tmp_path / "postgresql")
    with build(settings, simulated_clock=True) as services:
        yield replace(shop, services=services)


@pytest.fixture
def write_sales(tmp_path: Path) -> WriteSales:
    """Writes a file of sales: the small shop's, or other lines below other headings."""

    def to_file(
        lines: Sequence[str] = SALES, *, headings: str = HEADINGS, name: str = "sales.csv", encoding: str = "utf-8"
    ) -> Path:
        file = tmp_path / name
        file.write_text("\n".join((headings, *lines)) + "\n", encoding=encoding)
        return file

    return to_file
