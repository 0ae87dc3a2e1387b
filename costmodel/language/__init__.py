"""What users write, whatever the file: nothing here knows of networks or machines.

documents.py    YAML with every line and column kept; shallow.py and depth.py bound it
json_text.py    JSON, its mistakes at their places
expressions.py  arithmetic in text: a function that users may call goes here
units.py        quantities: a dimension, a prefix or a base unit is an entry of a table
dtypes.py       element types: one is an entry of BITS
harmless.py     names made fit to be shown
shipped.py      short names of what comes with the package
"""
