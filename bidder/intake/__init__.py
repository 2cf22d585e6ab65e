"""What comes in by itself: files that a person drops into a folder, amounts typed by hand, messages that are pushed.

::

    importing.py   files as read → the store: answers remembered, a foreign shop's file refused, typed amounts proven
    inbox.py       watches folders: new files are imported once, half-written ones wait, broken ones are set aside
    budgets.py     budgets.csv → the budgets of accounts that nobody can ask
    by_hand.py     what a person is to type in today, what was typed in, and what the next report says of it
    missing.py     which files have not come yet
    queue.py       pushed messages → the store, in batches, with back-pressure
"""
