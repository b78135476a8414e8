"""What faults are tried on: a Hub on this machine, and processes that can be killed."""

from tests.models.conftest import gpt2_folder, hub, repo

__all__ = ["gpt2_folder", "hub", "repo"]
