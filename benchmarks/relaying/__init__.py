"""The parts of ``benchmarks/relay.py``: the processes that publish, listen and compare."""
