"""When did it happen, if it did? Concordance of risks and times, some of them censored.

N patients: `time` is when the event came, or when the patient was last seen; `event` is 1 where it
was seen, 0 where it was censored. `risk` is higher for whom the event is expected earlier.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, binary_labels, numbers, same_length, undefined


@dataclass(frozen=True)
class Concordance:
    """Harrell's C and the pairs that it was counted from, as scikit-survival counts them.

    All comparable pairs are `concordant + discordant + tied_risk`. Of these, `tied_time` are pairs
    of an event and a censored patient of the same time.
    """

    index: float
    concordant: int
    discordant: int
    tied_risk: int
    tied_time: int


def times_and_events(time: Values, event: Values) -> tuple[Tensor, Tensor]:
    """Return float64 times (N,) and bools (N,) on the device of `time`.

    >>> times_and_events([3, 5], [1, 0])
    (tensor([3., 5.], dtype=torch.float64), tensor([ True, False]))
    """
    times = numbers("time", time)
    events = binary_labels("event", event).to(times.device)
    same_length(time=times, event=events)
    return times, events


def concordance_index(time: Values, event: Values, risk: Values) -> Concordance:
    """Return Harrell's C, exact, with its counts: (N,), (N,), (N,).

    Of the pairs of which we know who had the event first, the share in which that patient had the
    higher risk; equal risks count half. Known is the order if the earlier time is an event's; at
    equal times, if one is an event and the other is censored, who outlived it. Two events of the
    same time are no pair. 0.5 is what chance gives, 1 a perfect order.

    >>> concordance_index([1, 2, 2, 2, 3], [1, 1, 1, 0, 0], [5, 4, 1, 3, 2])
    Concordance(index=0.75, concordant=6, discordant=2, tied_risk=0, tied_time=2)

    Args:
        time: When the event came or the patient was last seen, in any unit.
        event: 1 or True where the event was seen, 0 or False where the patient was censored.
        risk: Any number that is higher for the earlier event. A predicted time is no risk; its
            negative is.

    Raises:
        ValueError: If a value is nan or infinite, an event is neither 0 nor 1, lengths differ, or
            N is 0.

    Without a comparable pair (no event, all events at the last time, N = 1) the index is nan, with
    `UndefinedMetricWarning`. Times and risks are equal if they are so exactly: round them first if
    they come from arithmetic. Cost: O(N log N) time, O(N) memory.

    Source: Harrell et al., "Evaluating the yield of medical tests", JAMA 247 (1982).
    """
    times, events = times_and_events(time, event)
    risks = numbers("risk", risk).to(times.device)
    same_length(time=times, risk=risks)

    # Later means a higher key; at equal times, censored after event. Events have even keys.
    number = _ranks(times)
    key = 2 * number + (~events).long()
    size = 2 * int(number.max()) + 2
    below = torch.bincount(key, minlength=size).cumsum(0)
    of_event = key[events]
    comparable = int((len(key) - below[of_event]).sum())
    tied_time = int((below[of_event + 1] - below[of_event]).sum())

    # By risk, then by key, so that only a lower risk stands before a lower key.
    pair = (_ranks(risks) * size + key).sort().values
    key = pair % size
    tied_risk = _ties_after_events(pair // size, pair, key)
    concordant = _later_before_events(key, below)
    discordant = comparable - concordant - tied_risk
    if comparable == 0:
        index = undefined("concordance_index", "no pair is comparable")
    else:
        index = (concordant + tied_risk / 2) / comparable
    return Concordance(index, concordant, discordant, tied_risk, tied_time)


def _ranks(values: Tensor) -> Tensor:
    """Number the distinct values from 0, in their order."""
    if values.device.type == "cpu":
        import numpy as np

        order = torch.from_numpy(np.argsort(values.numpy()))  # four times faster than torch's
    else:
        order = values.argsort()
    return torch.empty_like(order).scatter_(0, order, _dense(values[order]))


def _dense(ordered: Tensor) -> Tensor:
    """Number the distinct values of an ordered tensor from 0."""
    number = torch.zeros(len(ordered), dtype=torch.long, device=ordered.device)
    number[1:] = (ordered[1:] != ordered[:-1]).cumsum(0)
    return number


def _ends(ordered: Tensor) -> Tensor:
    """Return for each place of an ordered tensor where the run of its value ends."""
    number = _dense(ordered)
    return torch.bincount(number).cumsum(0)[number]


def _ties_after_events(risk: Tensor, pair: Tensor, key: Tensor) -> int:
    """Count pairs of one risk in which the event's key is the lower."""
    return int((_ends(risk) - _ends(pair))[key % 2 == 0].sum())


def _later_before_events(key: Tensor, below: Tensor) -> int:
    """Count pairs in which an event (even key) stands after a higher key.

    A radix sort from the highest bit on. Two keys part at the first bit in which they differ, and
    there the higher one has a 1: count the ones that stand before each event's 0 in its block.
    `below[k]` is how many keys are at most k. O(N) for each of the log2 N bits, no loop over N.
    """
    small = torch.int32 if len(key) < 2**31 else torch.int64
    bits = int(key.max()).bit_length()
    start_of = key.new_full((1 + max(len(below), 1 << bits),), len(key), dtype=small)
    start_of[0], start_of[1 : 1 + len(below)] = 0, below  # how many keys are below k
    key, places = key.to(small), torch.arange(len(key), dtype=small, device=key.device)
    total = below.new_zeros(())
    for bit in reversed(range(bits)):
        one = (key >> bit) & 1
        ones = one.cumsum(0, dtype=small) - one  # before each place
        block = key >> (bit + 1) << (bit + 1)
        first = start_of.index_select(0, block)  # faster than start_of[block]
        ones = ones - ones.index_select(0, first)  # before each place in its block
        total += torch.where((one | (key & 1)) == 0, ones, 0).sum()
        if bit:  # the zeros of each block first, then its ones, each in their order
            to = torch.where(
                one == 1, start_of.index_select(0, block | (1 << bit)) + ones, places - ones
            )
            key = torch.empty_like(key).scatter_(0, to.long(), key)
    return int(total)
