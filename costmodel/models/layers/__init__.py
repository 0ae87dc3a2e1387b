"""Layer kinds. One kind, or one close family, is one file; discovery finds every one of them."""
