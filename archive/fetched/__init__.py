"""The door of the mail: each letter of an IMAP folder is kept whole, what is attached comes in, then it is moved.

`accounts.py` what the settings say; `opening.py` a letter taken apart, in the killable child; `server.py` the mail
server; `door.py` one turn. Nothing is imported here: the settings ask for `accounts.py` first of all.
"""
