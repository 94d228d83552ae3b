"""The report's sentences, in every language that it speaks; each language has one home.

What comes in: a key and figures that are already written out. What goes out: a sentence.

- ``english``, ``indonesian``  the sentences, by the same keys
- ``speech``                   a language and its figures together
"""
