"""The table of the cloud's codes: whole, and with something to do for each."""

from __future__ import annotations

import pytest

from modelarts_nb.cloud import codes
from modelarts_nb.cloud.errors import CloudError, CloudForbidden

# Every code that the reference has for what we call (and for training, which is called next).
_ALL = """
6786 6789 6768 6782 6772 6702 6927 6967 6404 6400 6320 6350 6317 6318 6358 6371 6528 6331 6797 6737
6771 6301 6302 6303 6304 6305 6306 6307 6308 6309 6316 6324 6323 6328 6329 6330 6716 6792 6870 6326
6327 6332 6334 6335 6336 6333 6355 6345 6346 6348 6349 6347 6357 6360 6200 6361 6374 6376 6377 6378
6379 6319 6353 6354 6201 6203 6100 6101 6102 0101 0104 0107 0102 0108 0109 0112 0113 0116 0118 0201
0202 0203 0204 0212 0205 0206 0208 0209 0207 0210 0420 0421 0422 0423 0425 0426 0427 0428 0430 0431
0424 0429 2784 2785 2786 3818 2751 2757 2758 2759 2760 2761 2763 2781 2793 2840 2764 2787 2788 2825
2771 2773 2791 2775 2776 2777 2780 2830 2832 2789 2790 2807 2808 2809 2796 2813 2878 2799 2803 2804
2838 2806 2810 2811 2845 2885 2812 2815 2833 2837 2818 2819 2820 2822 2879 2880 2881 2883 2884 2886
2887 2889 2890 3037
"""
REFERENCE = _ALL.split()


def test_every_code_of_the_reference_is_in_the_table() -> None:
    assert set(REFERENCE) == set(codes.MODELARTS)


@pytest.mark.parametrize("code", [*(f"ModelArts.{c}" for c in REFERENCE), *codes.OTHERS, "X.9"])
def test_every_code_is_an_error_of_ours_that_says_what_to_do(code: str) -> None:
    kind, hint = codes.known(code, 400)

    assert issubclass(kind, CloudError)
    # Of a missing right the action is named, which depends on what was asked for.
    assert hint.endswith((".", "?")) or (kind is CloudForbidden and not hint)


@pytest.mark.parametrize("status", [400, 401, 404, 405, 408, 409, 429, 500, 502, 503])
def test_a_code_that_nobody_knows_is_judged_by_its_status(status: int) -> None:
    kind, hint = codes.known("Some.0001", status)

    assert kind is codes.STATUS.get(status, CloudError)
    assert hint


def test_a_hint_about_a_right_says_that_it_may_not_be_in_force_yet() -> None:
    about_rights = [hint for _, hint in codes.MODELARTS.values() if "The right to" in hint]

    assert about_rights
    assert all(codes.NOT_YET in hint for hint in about_rights)
