"""The model that predictive services are published with."""

from functools import cache
from io import BytesIO

from local_stack.ml_service.dataset import rows
from local_stack.ml_service.model_file import Model, load
from local_stack.ml_service.training import train


@cache
def first_model() -> Model:
    """Really trained, on very few rows of the data set; trained once, when first needed."""
    return load(BytesIO(train(rows("little"))))
