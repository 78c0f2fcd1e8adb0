"""What `make test-cluster` says where it cannot run; the real thing is `tests/cluster/run.py`."""

import importlib.util
from pathlib import Path

import pytest


def _one_node():
    spec = importlib.util.spec_from_file_location("one_node", Path(__file__).with_name("one_node.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_machine_without_slurm_is_told_what_to_install(monkeypatch, tmp_path):
    module = _one_node()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "SBIN", str(tmp_path))
    with pytest.raises(module.NoSlurm, match="munged, slurmctld, slurmd, .*apt-get install .*slurm-wlm munge"):
        with module.one_node():
            pass
