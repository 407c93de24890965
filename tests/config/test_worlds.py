from config.worlds import DEFAULT_DATA, find_world, pointed_at, read_pointer


def test_default_folder_when_nothing_is_said(tmp_path):
    world = find_world(None, {}, pointer=tmp_path / "running.json")
    assert (world.data, world.origin) == (DEFAULT_DATA, "default")


def test_option_wins_over_variable_and_pointer(tmp_path):
    pointer = tmp_path / "running.json"
    with pointed_at(tmp_path / "running", {}, pointer=pointer):
        world = find_world("/named", {"TOCSIN_DATA": "/variable"}, pointer=pointer)
    assert (str(world.data), world.origin) == ("/named", "--data")


def test_variable_wins_over_pointer(tmp_path):
    pointer = tmp_path / "running.json"
    with pointed_at(tmp_path / "running", {}, pointer=pointer):
        world = find_world(None, {"TOCSIN_DATA": "/variable"}, pointer=pointer)
    assert (str(world.data), world.origin) == ("/variable", "TOCSIN_DATA")


def test_running_world_is_found_with_its_environment(tmp_path):
    pointer = tmp_path / "running.json"
    with pointed_at(tmp_path / "running", {"BASE_URL": "http://x"}, pointer=pointer):
        world = find_world(None, {}, pointer=pointer)
    assert (world.data, world.origin) == (tmp_path / "running", "the running world")
    assert world.environment == {"BASE_URL": "http://x"}


def test_named_folder_of_running_world_gets_its_environment(tmp_path):
    pointer = tmp_path / "running.json"
    with pointed_at(tmp_path / "running", {"BASE_URL": "http://x"}, pointer=pointer):
        world = find_world(str(tmp_path / "running"), {}, pointer=pointer)
    assert world.environment == {"BASE_URL": "http://x"}


def test_pointer_of_a_killed_world_counts_for_nothing(tmp_path):
    pointer = tmp_path / "running.json"
    pointer.write_text('{"data": "/gone", "environment": {}}')
    assert read_pointer(pointer) is None


def test_second_world_leaves_the_pointer_alone(tmp_path):
    pointer = tmp_path / "running.json"
    with (
        pointed_at(tmp_path / "first", {}, pointer=pointer),
        pointed_at(tmp_path / "second", {}, pointer=pointer),
    ):
        assert read_pointer(pointer).data == tmp_path / "first"


def test_first_world_keeps_the_pointer_when_the_second_ends(tmp_path):
    pointer = tmp_path / "running.json"
    with pointed_at(tmp_path / "first", {}, pointer=pointer):
        with pointed_at(tmp_path / "second", {}, pointer=pointer):
            pass
        assert read_pointer(pointer).data == tmp_path / "first"
