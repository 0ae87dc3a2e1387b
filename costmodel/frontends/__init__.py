"""Front ends: files to networks. One package is one kind of file; its name is the word for it.

    yaml/    architectures as users write them, and presets of a base architecture
    onnx/    exported graphs: an operator goes into a file of onnx/rules/
    config/  config.json of language models: a family is a table in config/families/, a
             quantisation a line of config/quantization.py

A further kind of file is a further package with a subclass of `core.frontend.FrontEnd`.
"""
