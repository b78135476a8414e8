"""What every test stands on: repeatable random numbers, and properties tried on the same examples each time."""

import os

import pytest
import torch
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("nightly", derandomize=False, deadline=None, print_blob=True)  # others each time
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
torch.set_num_threads(1)  # the tensors are tiny; threads would only wait for each other


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    torch.manual_seed(20170612)
