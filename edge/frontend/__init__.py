"""Sound to features, in integers: int16 samples to int16 log-mel and int8 features."""

from edge.frontend.config import FrontendConfig
from edge.frontend.native import Frontend, features, log_mel

__all__ = ["Frontend", "FrontendConfig", "features", "log_mel"]
