from __future__ import annotations

from stream_verifier.windows.company import Company


def test_half_as_wide_is_company_at_once() -> None:
    assert Company().crowds(0.3, [0.15], 0.0)


def test_a_little_less_than_half_is_company_when_it_is_there_twice() -> None:
    company = Company()
    assert not company.crowds(0.3, [0.14], 0.0)
    assert company.crowds(0.3, [0.14], 0.5)


def test_a_face_that_comes_and_goes_is_none() -> None:
    company = Company()
    assert not any(company.crowds(0.3, [0.1], 2.0 * number) for number in range(9))


def test_a_poster_far_behind_is_none() -> None:
    company = Company()
    assert not any(company.crowds(0.2, [0.03], 0.5 * number) for number in range(9))


def test_a_person_near_the_camera_is_company_beside_one_who_is_nearer() -> None:
    company = Company()
    company.crowds(0.6, [0.11], 0.0)
    assert company.crowds(0.6, [0.11], 0.5)


def test_nobody_else_is_nobody() -> None:
    assert not Company().crowds(0.3, [], 0.0)
