# SPDX-License-Identifier: Apache-2.0
"""shim's MokManager, driven by keys over the serial line.

It draws its menus for a terminal: each entry in its place (ESC [ row ; column H) between borders, the
chosen one on black (ESC [ 40 m), the others on blue (ESC [ 44 m). So what a key did can be seen, and
no pause has to be guessed.
"""
import re
import time

RETURN, UP, DOWN = "\r", "\x1b[A", "\x1b[B"
CHOSEN = "40"
DRAWING = re.compile(r"\x1b\[(?P<colour>4\d)m|\x1b\[\d+;(?P<column>\d+)H"
                     r"(?:(?P<corner>┌)|│ *(?P<entry>[^│\x1b]*?) *│)")

FIRST_SECONDS = 180 # firmware and shim, after the reset
NEXT_SECONDS = 30   # from a key to the next screen
REDRAW_SECONDS = 10 # from a key to the menu drawn anew; after that it was lost
KEYS = 10           # that it may take to go to an entry
CALM_SECONDS = 0.3  # nothing comes for so long: it is drawn


def enrol(console, password):
    _perform(console, "Enroll MOK", password)


def delete(console, password):
    _perform(console, "Delete MOK", password)


def _perform(console, request, password):
    """From the reset to the next one."""
    console.wait("Press any key to perform MOK management", FIRST_SECONDS)
    console.type(RETURN)
    _choose(console, request)
    _choose(console, "Continue")
    _choose(console, "Yes")
    console.wait("Password:", NEXT_SECONDS)
    _calm(console)
    console.type(password + RETURN)
    _choose(console, "Reboot")


def _choose(console, wanted):
    """Goes to an entry of the menu that is drawn, or will be, and takes it."""
    entries, chosen = _menu(console, lambda entries, _: wanted in entries, NEXT_SECONDS)
    for _ in range(KEYS):
        if wanted not in entries or chosen == wanted:
            break
        console.type(DOWN if entries.index(wanted) > entries.index(chosen) else UP)
        before = chosen
        entries, chosen = _menu(console, lambda entries, chosen: wanted in entries and chosen != before,
                                REDRAW_SECONDS)
    if chosen != wanted:
        raise TimeoutError(f"'{wanted}' of MokManager cannot be chosen; there are: "
                           + ", ".join(entries))
    console.text = ""
    console.type(RETURN)


def _menu(console, is_so, seconds):
    """What the last menu is once it is as it should be, or at the end of the time: its entries and
    the chosen one."""
    end = time.monotonic() + seconds
    while True:
        calm = not console.read(CALM_SECONDS)
        entries, chosen = _drawn(console.text)
        if (calm and chosen and is_so(entries, chosen)) or time.monotonic() > end:
            return entries, chosen


def _drawn(text):
    entries, chosen, colour = [], None, None
    for match in DRAWING.finditer(text):
        if match["colour"]:
            colour = match["colour"]
        elif int(match["column"]) == 1:  # the frame around all
            continue
        elif match["corner"]:
            entries, chosen = [], None
        else:
            entries.append(match["entry"])
            if colour == CHOSEN:
                chosen = match["entry"]
    return entries, chosen


def _calm(console):
    while console.read(CALM_SECONDS):
        pass
