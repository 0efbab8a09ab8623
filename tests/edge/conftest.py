"""The hand-written models are imported by name from every folder below."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
