"""The synthetic session's modules are found by name from tests/evidence and tests/runs alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "evidence"))
sys.path.insert(0, str(Path(__file__).parent))
