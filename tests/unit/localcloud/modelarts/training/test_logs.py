"""The logs of a job's tasks: the newest bytes, and pages of lines."""

from __future__ import annotations

from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    ShowTrainingJobLogsFromAomRequest,
    ShowTrainingJobLogsPreviewRequest,
)

from tests.unit.localcloud.modelarts.conftest import code
from tests.unit.localcloud.modelarts.training.conftest import Jobs


def page(jobs: Jobs, id: str, **asked: Any) -> Any:
    request = ShowTrainingJobLogsFromAomRequest(id, asked.pop("task", "worker-0"), **asked)
    return jobs.world().show_training_job_logs_from_aom(request)


@pytest.fixture(scope="module")
def counted(jobs: Jobs) -> str:
    """A job that has said 1 to 120 and something without a line's end."""
    found = jobs.ended("seq 120; printf unfinished")
    return str(found.metadata.id)


def test_without_a_base_line_the_newest_lines_come_newest_first(jobs: Jobs, counted: str) -> None:
    found = page(jobs, counted, lines=3)

    assert found.content == "unfinished\n120\n119"
    assert (found.start_line, found.end_line, found.lines) == ("121", "119", 3)


def test_fifty_lines_come_unless_said(jobs: Jobs, counted: str) -> None:
    assert page(jobs, counted).lines == 50


def test_after_a_base_line(jobs: Jobs, counted: str) -> None:
    found = page(jobs, counted, base_line="118", order="asc", lines=500)

    assert found.content == "119\n120\nunfinished"
    assert (found.start_line, found.end_line) == ("119", "121")
    assert page(jobs, counted, base_line="121", order="asc").lines == 0


def test_before_a_base_line(jobs: Jobs, counted: str) -> None:
    assert page(jobs, counted, base_line="3", order="desc").content == "2\n1"


def test_an_unfinished_line_is_none_while_it_may_go_on(jobs: Jobs) -> None:
    id = jobs.running("echo whole; printf half; sleep 600").metadata.id
    jobs.said(id, "half")

    assert page(jobs, id).content == "whole"

    jobs.stop(id)
    jobs.wait(id, "Terminated")
    assert page(jobs, id, order="asc").content == "whole\nhalf"


def test_while_nothing_was_said_the_answer_is_empty(jobs: Jobs) -> None:
    id = jobs.running("sleep 600").metadata.id

    for found in (page(jobs, id), preview(jobs, id)):
        assert found.status_code == 204
        assert found.content is None


def preview(jobs: Jobs, id: str) -> Any:
    return jobs.world().show_training_job_logs_preview(
        ShowTrainingJobLogsPreviewRequest(id, "worker-0")
    )


def test_of_a_large_log_the_preview_is_the_newest_part(jobs: Jobs) -> None:
    command = 'head -c 6000000 /dev/zero | tr "\\0" x; echo end'
    id = jobs.ended(command).metadata.id

    found = preview(jobs, id)

    assert (found.current_size, found.full_size) == (5 * 1024 * 1024, 6_000_004)
    assert len(found.content) == 5 * 1024 * 1024
    assert found.content.endswith("xend\n")


def test_what_is_no_text_is_shown_as_far_as_it_is(jobs: Jobs) -> None:
    id = jobs.ended("printf '\\377ok\\n'").metadata.id

    assert page(jobs, id).content == "�ok"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"base_line": "-1"}, "2788 400"),
        ({"base_line": "1" * 40}, "2788 400"),
        ({"order": "up"}, "2788 400"),
        ({"lines": 501}, "6400 400"),
        ({"lines": 0}, "6400 400"),
        ({"task": "worker-1"}, "2788 400"),
    ],
)
def test_what_cannot_be_asked(
    jobs: Jobs, counted: str, asked: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientRequestException) as refused:
        page(jobs, counted, **asked)
    assert code(refused) == expected
