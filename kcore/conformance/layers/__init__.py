"""What conformance asks of layers: `table` lists them, `cases` and `formats` ask.

The answers, `keras_values.json`, are what Keras 3.15.1 computed in float32, to six digits.
"""
