import torch

from lightning_modeinterp.data.shapes import ShapeCount, SimpleShapes, exclusion_pairs

DISTRIBUTION = SimpleShapes()
ORACLE = ShapeCount(DISTRIBUTION)


def make_pairs(num_pairs=150, seed=0):
    return exclusion_pairs(DISTRIBUTION, num_pairs, torch.Generator().manual_seed(seed))


def counts(images):
    details = ORACLE.judge(images.float()).details
    return torch.stack([details[name] for name in ("triangles", "squares", "pentagons")], dim=1)


def test_allowed_images_have_two_shapes_of_two_kinds():
    pairs = make_pairs()
    assert ORACLE.judge(pairs.allowed.float()).in_support.all()
    assert counts(pairs.allowed).sort(dim=1).values.tolist() == [[0, 1, 1]] * 150


def test_forbidden_images_have_one_shape_twice_each_where_it_can_stand_alone():
    pairs = make_pairs()
    verdict = ORACLE.judge(pairs.forbidden.float())
    assert {ORACLE.kinds[kind] for kind in verdict.kind.tolist()} == {"repeated"}
    assert not verdict.details["misplaced"].any()
    assert counts(pairs.forbidden).sort(dim=1).values.tolist() == [[0, 0, 2]] * 150


def test_the_shape_that_is_looked_at_is_the_same_on_both_and_of_the_kind_that_is_doubled():
    pairs = make_pairs()
    alone = ORACLE.judge(255.0 * pairs.looked_at)
    assert alone.in_support.all()
    assert torch.equal(counts(255.0 * pairs.looked_at) * 2, counts(pairs.forbidden))
    for images in (pairs.allowed, pairs.forbidden):
        assert (images > 0)[pairs.looked_at].all()
        assert (((images > 0) & ~pairs.looked_at).flatten(1).sum(1) > 50).all()


def test_all_shapes_take_turns():
    assert counts(255.0 * make_pairs().looked_at).sum(0).tolist() == [50, 50, 50]


def test_a_seed_decides():
    assert torch.equal(make_pairs(seed=3).forbidden, make_pairs(seed=3).forbidden)
    assert not torch.equal(make_pairs(seed=3).forbidden, make_pairs(seed=4).forbidden)
