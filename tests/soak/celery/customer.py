"""Gives work to the shop and waits for it; prints what came back as JSON."""
import json

from celery import chain, chord, group
from shop import broken, square, stubborn, total

given = [square.delay(n) for n in range(300)]
answers = {"squares": [work.get(timeout=120) for work in given],
           "chain": chain(square.s(3), square.s(), square.s()).apply_async().get(timeout=60),
           "group": group(square.s(n) for n in range(20))().get(timeout=60),
           "chord": chord((square.s(n) for n in range(50)), total.s())().get(timeout=60)}  # counted in the item, by conditional updates
again = [stubborn.delay(n) for n in range(5)]
answers["stubborn"] = [work.get(timeout=60) for work in again]
fault = broken.delay(7)
answers["broken"] = repr(fault.get(timeout=60, propagate=False)), fault.status
print(json.dumps(answers))
