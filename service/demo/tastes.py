"""What the simulated customers like: the truth of the simulation, which the service never sees."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.demo.assortment import Assortment
from service.demo.wording import DEPARTMENTS, PRODUCT_TYPES, STYLES

COUNTRIES = ("ID", "MY", "PH", "SG")
"""Where customers live."""
COUNTRY_SHARES = (0.62, 0.18, 0.13, 0.07)
"""Share of the customers in each country."""
LANGUAGES = ("id", "en", "en", "en")
"""The language most customers of each country read."""

_DEPARTMENT_CONCENTRATION = 2.2
"""Sum of the Dirichlet weights over departments: low, so that a customer cares for two or three of them."""
_TYPE_CONCENTRATION = 0.8
"""Dirichlet weight of each type within a department: some serums, hardly any toners."""
_STYLE_CONCENTRATION = 0.4
"""Dirichlet weight of each style: most customers have one or two."""
_STYLE_FLOOR = 0.3
"""What remains of the wish for a type when its style is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """The tastes of customers, one row each."""

    countries: npt.NDArray[np.int64]
    """Position in ``COUNTRIES``."""
    types: npt.NDArray[np.float64]
    """Wish for each type of product, shape ``(n_customers, n_types)``, 0 to 1; the dearest type has 1."""
    styles: npt.NDArray[np.float64]
    """Liking of each style, shape ``(n_customers, n_styles)``, 0 to 1; the dearest style has 1."""

    def __len__(self) -> int:
        return len(self.countries)

    def affinity(self, customers: npt.NDArray[np.int64], assortment: Assortment) -> npt.NDArray[np.float64]:
        """How much each customer likes each item, shape ``(len(customers), n_items)``, 0 to 1.

        The wish for the item's type, times how far its styles are hers; a wrong style leaves 30 % of the wish.
        """
        style_match = self.styles[customers] @ assortment.style_weights.T
        wish = self.types[customers][:, assortment.types]
        return np.asarray(wish * (_STYLE_FLOOR + (1.0 - _STYLE_FLOOR) * style_match))


def drawn_tastes(n_customers: int, *, rng: np.random.Generator) -> Tastes:
    """Tastes of ``n_customers`` customers, from the one distribution all customers of the simulated shop come from.

    A country tilts the departments of its customers a little, so that what is popular differs between countries. The
    tilts are fixed: they belong to the countries, not to the seed.
    """
    countries = rng.choice(len(COUNTRIES), size=n_customers, p=COUNTRY_SHARES)
    tilt = 1.0 + 0.6 * np.sin(np.outer(np.arange(len(COUNTRIES)) * 2 + 1, np.arange(len(DEPARTMENTS)) + 1))
    weights = _DEPARTMENT_CONCENTRATION * tilt / tilt.sum(axis=1, keepdims=True)
    # A gamma draw per department, divided by the row's largest, is a Dirichlet draw scaled to a maximum of 1.
    departments = rng.gamma(weights[countries])
    within = rng.gamma(_TYPE_CONCENTRATION, size=(n_customers, len(PRODUCT_TYPES)))
    department_of_type = np.array([DEPARTMENTS.index(type_.department) for type_ in PRODUCT_TYPES])
    types = departments[:, department_of_type] * within
    styles = rng.gamma(_STYLE_CONCENTRATION, size=(n_customers, len(STYLES)))
    return Tastes(countries=countries, types=np.sqrt(_scaled(types)), styles=_scaled(styles))


def _scaled(wishes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rows divided by their largest value."""
    return np.asarray(wishes / wishes.max(axis=1, keepdims=True))
