"""What is found wrong with a site before a cutover. Judgement only; no I/O."""
