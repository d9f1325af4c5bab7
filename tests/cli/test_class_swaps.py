from lightning_modeinterp.cli.class_swaps import kept_by_swaps


def write(folder, name, text):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


def experiment(folder):
    write(folder, "data/a.yaml", "class_path: A\ninit_args: {size: 5, seed: 1, means: [1, 2]}")
    return write(folder, "experiment/e.yaml", "data: ../data/a.yaml\nmodel: {class_path: M, init_args: {w: 3}}")


def after(class_path, **init_args):
    return {"data": {"class_path": class_path, "init_args": init_args}, "model": {"class_path": "x.M", "init_args": {}}}


def test_what_the_new_class_keeps_is_said(tmp_path):
    file = experiment(tmp_path)
    for config in (["-c", file], ["--config", file], [f"--config={file}"]):
        args = ["fit", *config, "--data", "parts.B", "--trainer.max_steps=3"]
        (line,) = kept_by_swaps(args, after("parts.B", size=5, seed=2, other=1))
        assert line == "data: B keeps size=5 from A; set what should differ"


def test_nothing_is_said_of_the_same_class_or_of_values_that_were_restated(tmp_path):
    file = experiment(tmp_path)
    other = write(tmp_path, "b.yaml", "class_path: B\ninit_args: {seed: 1}")
    assert kept_by_swaps(["fit", "-c", file], after("somewhere.A", size=5, seed=1)) == []
    args = ["fit", "-c", file, "--data", other, "--data.init_args.size=5"]
    assert kept_by_swaps(args, after("parts.B", size=5, seed=1)) == []


def test_nested_classes_are_compared_too(tmp_path):
    file = write(tmp_path, "e.yaml", "m: {class_path: M, init_args: {net: {class_path: N, init_args: {width: 8}}}}")
    config = {"m": {"class_path": "x.M", "init_args": {"net": {"class_path": "x.O", "init_args": {"width": 8}}}}}
    (line,) = kept_by_swaps(["fit", "-c", file], config)
    assert line == "m.net: O keeps width=8 from N; set what should differ"
