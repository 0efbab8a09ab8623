"""Makes the small networks and operator cases importable by name."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
# More threads than free cores make torch wait for itself.
torch.set_num_threads(1)
