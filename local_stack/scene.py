"""What a story plays with, beside storage and the app."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local_stack.demo_endpoints import DemoEndpoints
from local_stack.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A service whose endpoints take models.

    Attributes:
        endpoints: The endpoints file that the app reads.
        settings: The app settings that it needs.
        trainer: What trains models, for whoever lands one.
    """

    endpoints: DemoEndpoints
    settings: Mapping[str, str] = field(repr=False)
    trainer: Trainer
