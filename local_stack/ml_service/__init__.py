"""A local Azure ML Studio (classic): its three APIs on a loopback address, really working.

Start it in a thread with ``MlService.start``, or as a process with ``python -m``.
"""

from local_stack.ml_service.server import MlService
from local_stack.ml_service.studio import Endpoint, Studio, WebService, sample_studio

__all__ = ["Endpoint", "MlService", "Studio", "WebService", "sample_studio"]
