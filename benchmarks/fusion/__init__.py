"""How good fusion is: against a known truth, on real sets, in speed and memory, and what each part of it is worth."""
