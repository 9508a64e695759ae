"""covermap says where mobile networks work, and proves it."""

__version__ = "0.1.0"
