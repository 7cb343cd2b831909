"""What catalog_matcher is told by its environment beyond what every service is."""

from pydantic import Field

from libs.storage import StorageSettings


class CatalogMatcherSettings(StorageSettings):
    """The shared settings, where files are kept, and how large a file of products may be."""

    import_max_bytes: int = Field(default=50_000_000, ge=1_000, description="A file of products that is larger is not taken")

    def larger_bodies(self) -> dict[str, int]:
        """See Settings."""
        return {"/v1/product-imports": self.import_max_bytes}
