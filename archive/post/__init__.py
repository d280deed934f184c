"""The inner post: a paper of one office of this installation goes to another as the message it would be outside.

`sending.py` writes down here that a paper goes there, `carrying.py` takes it there and brings back how far it is.
"""
