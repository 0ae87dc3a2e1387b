"""What holds for every test: how long one takes on a busy machine decides nothing."""

from hypothesis import settings

settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
