"""How good restyling is: beside rivals trained for the same time, in speed and memory, at large sizes, by its knobs."""
