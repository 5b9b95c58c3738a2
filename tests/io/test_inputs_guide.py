import doctest
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "inputs.md"


def test_every_block_of_the_guide_runs():
    result = doctest.testfile(str(GUIDE), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0
