from lightning_modeinterp.runs.progress import Progress


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_time_left_follows_what_each_kind_took():
    said, clock = [], Clock()
    progress = Progress(said.append, clock)
    progress.expect({"fit": 2, "test": 1})
    progress.begun("fit a")
    clock.now = 100.0
    progress.ended("fit a")
    progress.begun("test a")
    clock.now = 160.0
    progress.ended("test a")
    progress.begun("fit b")
    # nothing is known of tests when the first one begins; then a fit of 100 s is left, one at a time
    assert said == ["[1 of 3] fit a", "[2 of 3] test a", "[3 of 3] fit b (about 2 min left)"]


def test_two_at_a_time_take_half():
    said, clock = [], Clock()
    progress = Progress(said.append, clock)
    progress.expect({"fit": 4})
    progress.begun("fit a")
    progress.begun("fit b")
    clock.now = 40.0
    progress.ended("fit a")
    progress.ended("fit b")
    progress.begun("fit c")
    assert said[-1] == "[3 of 4] fit c (about 40 s left)"


def test_what_is_no_command_is_said_as_it_is():
    said = []
    progress = Progress(said.append)
    progress.expect({"fit": 1})
    progress.begun("waiting for another process in here")
    assert said == ["waiting for another process in here"]


def test_commands_beyond_those_expected_are_not_counted():
    said = []
    progress = Progress(said.append, Clock())
    progress.expect({"fit": 1, "predict": 0})
    progress.begun("fit a")
    progress.ended("fit a")
    progress.begun("predict for a figure")
    progress.ended("predict for a figure")
    assert said == ["[1 of 1] fit a", "predict for a figure"]
