"""Pairs of images to test whether a model knows that a hand has five fingers.

The first image of a pair is a hand of a bank. The second has a sixth finger beside the little one, where there is room,
at the same distance as the others, which no hand of the data has. Hands of the bank that are rotated a little further
do have a finger there: only the number is wrong.
"""

from dataclasses import replace

import torch

from lightning_modeinterp.data.hands.bank import HandBank, light
from lightning_modeinterp.data.hands.poses import FAN
from lightning_modeinterp.data.hands.renderer import render, signed_distance
from lightning_modeinterp.data.hands.skeleton import NUM_BODY, Capsules, skeleton
from lightning_modeinterp.data.images import ImagePairs

RING, LITTLE, FREE = NUM_BODY + FAN - 2, NUM_BODY + FAN - 1, NUM_BODY + FAN
"""Capsules: the last two of the fan, and the first empty place."""


def offered_fingers(bank: HandBank, num_pairs: int, generator: torch.Generator) -> ImagePairs:
    """Draw pairs; the compared pixels are those of the sixth finger that are not the hand's.

    Args:
        bank: The hands.
        num_pairs: Number N of pairs.
        generator: The only source of randomness.

    Example:
        >>> pairs = offered_fingers(HandBank(32, 3, 1), 4, torch.Generator().manual_seed(0))
        >>> bool((pairs.forbidden > pairs.allowed)[pairs.looked_at].all())
        True
    """
    chosen = torch.randint(len(bank.poses), (num_pairs,), generator=generator)
    hand = skeleton(bank.poses[chosen], bank.image_size)
    start, end, radii, is_there = (each.clone() for each in (hand.start, hand.end, hand.radii, hand.is_there))
    for points in (start, end):
        points[:, FREE] = 2 * points[:, LITTLE] - points[:, RING]
    radii[:, FREE] = radii[:, LITTLE]
    is_there[:, FREE] = True
    with_six = Capsules(start, end, radii, is_there)
    alone = replace(with_six, is_there=torch.zeros_like(is_there).index_fill_(1, torch.tensor([FREE]), True))
    is_finger = signed_distance(alone, bank.image_size) < 0
    is_hand = signed_distance(hand, bank.image_size) < 1
    looks = light(num_pairs)
    return ImagePairs(
        render(hand, looks, bank.image_size),
        render(with_six, looks, bank.image_size),
        (is_finger & ~is_hand)[:, None],
    )
