"""A trained model: a blob of the model container, or what a job left elsewhere, in one version."""

from datetime import datetime

import msgspec


class JobOutput(msgspec.Struct, frozen=True):
    """Where a model is that a job left in its service's own storage: the service tells, by id.

    Attributes:
        service: The training service, by its name in the endpoints file.
        job_id: The service's id of the job.
        output: The output's name.
    """

    service: str
    job_id: str
    output: str


class TrainedModel(msgspec.Struct, frozen=True):
    """What is known of a model without reading its bytes.

    Attributes:
        name: The blob's plain name within the container; of a job's output elsewhere, its container
            and name.
        etag: Which version, without quotes.
        last_modified: When it landed, by the storage's clock.
        content_md5: Of its bytes, in hexadecimal, where the uploader gave one.
        size: In bytes; unknown of a job's output elsewhere.
        from_job: Which output of which job it is; None: it is in the model container.
    """

    name: str
    etag: str
    last_modified: datetime
    content_md5: str | None = None
    size: int = 0
    from_job: JobOutput | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """Its place among all that landed: of one second the greater name is later."""
        return (self.last_modified, self.name)

    @property
    def is_empty(self) -> bool:
        """Say whether it certainly has no bytes, so that no endpoint can serve it."""
        return self.from_job is None and self.size == 0

    def is_version(self, other: "TrainedModel") -> bool:
        """Say whether *other* is this version of this blob."""
        return (self.name, self.etag) == (other.name, other.etag)

    def has_bytes_of(self, other: "TrainedModel") -> bool:
        """Say whether *other* is under this name and certainly holds the same bytes."""
        if self.is_version(other):
            return True
        known = self.content_md5 is not None and self.name == other.name
        return known and (self.content_md5, self.size) == (other.content_md5, other.size)
