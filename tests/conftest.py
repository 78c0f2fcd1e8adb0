"""What every test may import by name: the naive twins and the small worlds of tests/reference."""

import sys
from pathlib import Path

REFERENCE = Path(__file__).parent / "reference"
sys.path.insert(0, str(REFERENCE))
