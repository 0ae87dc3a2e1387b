"""Hardware profiles: a YAML file of named quantities, checked by pydantic, to plain numbers."""
