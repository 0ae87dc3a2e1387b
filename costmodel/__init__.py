"""costmodel: an analytical hardware cost model for neural networks."""

__version__ = "0.1.0"
