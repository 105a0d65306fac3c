"""The office's table of areas in memory."""

from collections.abc import Collection, Iterator

from civic.identity.model.area_table import Pages, TableVersion, page_of
from civic.identity.model.areas import NO_TABLE, AreaEntry, TablePage
from civic.identity.model.registration import Address


class MemoryAreas:
    """The table, for those who look addresses up and for those who load it."""

    def __init__(self) -> None:
        self.used: TableVersion | None = None
        self.pages: dict[tuple[int, str], tuple[AreaEntry, ...]] = {}
        self.begun: dict[str, int] = {}

    def page(self, address: Address) -> TablePage:
        if self.used is None:
            return NO_TABLE
        entries = self.pages.get((self.used.version, page_of(address)), ())
        return TablePage(self.used.version, entries, self.used.wide, self.used.fineness)

    def has(self, area: str) -> bool:
        return self.used is not None and area in self.used.areas

    def in_use(self) -> TableVersion | None:
        return self.used

    def read(self, version: int) -> Iterator[tuple[str, tuple[AreaEntry, ...]]]:
        yield from [(name, rows) for (one, name), rows in self.pages.items() if one == version]

    def begin(self, digest: str) -> int:
        used = self.used.version if self.used else 0
        newest = max((used, *self.begun.values()))
        known = self.begun.get(digest, 0)
        version = known if known > used and known == newest else newest + 1
        self.begun = {digest: version}
        return version

    def write(self, version: int, pages: Pages) -> None:
        self.pages |= {(version, name): entries for name, entries in pages.items()}

    def put_in_use(self, table: TableVersion, instead_of: int) -> bool:
        if (self.used.version if self.used else 0) != instead_of:
            return False
        self.used = table
        return True

    def discard(self, keep: Collection[int]) -> int:
        old = [key for key in self.pages if key[0] not in keep]
        for key in old:
            del self.pages[key]
        return len(old)
