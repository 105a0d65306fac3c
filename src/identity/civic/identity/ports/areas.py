"""What areas need from the outside world; the rules of the other ports apply."""

from collections.abc import Collection, Iterator
from typing import Protocol

from civic.identity.model.area_table import Pages, TableVersion
from civic.identity.model.areas import AreaEntry, TablePage
from civic.identity.model.registration import Address


class AreaBook(Protocol):
    """The office's table of areas, for those who look addresses up."""

    def page(self, address: Address) -> TablePage:
        """Return what the version in use says of the postcode of an address."""
        ...

    def has(self, area: str) -> bool:
        """Return whether an area is in the version in use."""
        ...


class AreaEditor(Protocol):
    """The office's table of areas, for the operator who loads a new version."""

    def in_use(self) -> TableVersion | None:
        """Return the version in use; None if there has never been one."""
        ...

    def read(self, version: int) -> Iterator[tuple[str, tuple[AreaEntry, ...]]]:
        """Return the pages of a version, in no particular order."""
        ...

    def begin(self, digest: str) -> int:
        """Return the number of the version as which a table is to be written.

        It is the same again for a table whose loading was interrupted, and another one for any
        other table.
        """
        ...

    def write(self, version: int, pages: Pages) -> None:
        """Write pages of a version that is not in use yet; repeating it does no harm."""
        ...

    def put_in_use(self, table: TableVersion, instead_of: int) -> bool:
        """Make a version the one in use; False if that is another one than ``instead_of``."""
        ...

    def discard(self, keep: Collection[int]) -> int:
        """Delete the pages of all other versions; return how many there were."""
        ...
