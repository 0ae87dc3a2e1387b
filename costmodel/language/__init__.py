"""What users write, whatever the file: YAML with marks, expressions, units, element types."""
