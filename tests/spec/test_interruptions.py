"""What a clinician is shown at each opening of the chart."""

import pytest


@pytest.mark.hazard("H15")
def test_one_card_until_there_are_new_data(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    |          | S2 phq-9
          8 | B         |       |          |
          8 | B         |       |          |
        """,
        repeat="once_per_encounter",
    )


def test_an_unanswered_card_is_shown_again_at_the_next_encounter(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    |          | S2 phq-9
         15 | C         |       |          | S2 phq-9
         15 | C         |       |          |
        """,
        repeat="once_per_encounter",
    )


def test_a_site_may_choose_to_see_it_until_somebody_answers(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    |          | S2 phq-9
          8 | B         |       | yes      | S2 phq-9
          8 | B         |       |          |
         15 | C         |       |          |
        """,
        repeat="until_acknowledged",
    )


def test_new_data_in_the_same_encounter_are_shown(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    |          | S2 phq-9
          9 | B         | 18    |          | S2 phq-9
        """,
        repeat="once_per_encounter",
    )


def test_answered_stays_silent_until_worse_by_half_a_reliable_change(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    | yes      | S2 phq-9
         15 | C         | 19    |          |
         22 | D         | 20    | yes      | S2 phq-9
         29 | E         | 22    |          |
         36 | F         | 23    |          | S2 phq-9
        """,
    )


@pytest.mark.hazard("H06")
def test_on_a_scale_upside_down_worse_is_lower(interruption_spec):
    interruption_spec(
        """
        day | encounter | turned phq-9 | answered | cards
          1 | A         | 16           |          |
          8 | B         | 10           | yes      | S2 turned-phq-9
         15 | C         | 8            |          |
         22 | D         | 7            |          | S2 turned-phq-9
        """,
    )


def test_cleared_and_come_back_is_a_new_card(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 17    | yes      | S2 phq-9
         15 | C         | 13    |          |
         22 | D         | 17    |          | S2 phq-9
        """,
    )


@pytest.mark.hazard("H04")
def test_every_new_response_raises_the_safety_card_again(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 2 2 1 1 1 2 1 2 1 | yes      | S1 phq-9
          1 | A         |                   |          |
          8 | B         | 2 2 1 1 1 2 1 2 1 | yes      | S1 phq-9
          8 | B         |                   |          |
        """,
    )


def test_the_safety_card_stands_beside_at_most_one_other(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | session-alliance | answered | cards
          1 | A         | 1 1 1 1 1 1 1 1 0 | 14               |          |
          8 | B         | 1 1 1 1 1 1 1 1 0 | 14               |          |
         15 | C         | 2 1 1 1 1 1 1 1 0 | 14               |          |
         22 | D         | 3 3 3 2 2 2 1 1 2 | 4                | | S1 phq-9, R8 phq-9
         22 | D         |                   |                  |          |
        """,
        repeat="once_per_encounter",
    )


def test_a_site_that_sets_false_alarms_hears_of_courses_not_on_track(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 12    |          |
          8 | B         | 14    |          |
         15 | C         | 17    |          | S3 phq-9
         22 | D         | 19    |          | S2 phq-9
        """,
        told_from=0.03,
    )


def test_on_track_the_same_signals_stay_on_the_page(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 12                |          |
          8 | B         | 14                |          |
         15 | C         | 17                |          |
         22 | D         | 19                |          |
        """,
        told_from=0.50,
    )


@pytest.mark.hazard("H16")
def test_on_track_they_come_in_place_of_a_card_that_says_less(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 12                |          |
          8 | B         | 14                |          |
         15 | C         | 17                |          |
         22 | D         | 19                |          |
         29 | E         | 3 3 3 2 2 2 2 1 1 |          | S1 phq-9, S2 phq-9
        """,
        told_from=0.50,
    )


def test_an_answered_plan_review_brings_back_nothing_that_stays_on_the_page(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 12    |          |
          8 | B         | 12    |          |
         15 | C         | 12    |          |
         22 | D         | 12    |          |
         29 | E         | 16    | yes      | S4 phq-9
         36 | F         | 18    |          |
         43 | G         | 19    |          | S2 phq-9
        """,
        told_from=0.70,
    )


@pytest.mark.hazard("H16")
def test_on_track_no_gain_since_last_time_hides_that_it_is_reliably_worse(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 12    |          |
          8 | B         | 26    |          |
         15 | C         | 19    |          | S2 phq-9
        """,
        told_from=0.9999,
    )


def test_a_plan_review_comes_before_a_drop_and_each_is_said(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | session-alliance | answered | cards
          1 | A         | 16    | 14               |          |
          8 | B         | 16    | 14               |          |
         15 | C         | 16    | 14               |          |
         22 | D         | 16    | 14               |          |
         29 | E         | 16    | 12               |          | S4 phq-9
         36 | F         | 16    | 10               | yes      | S4 phq-9
         36 | F         |       |                  | yes      | R3 session-alliance
         36 | F         |       |                  |          |
        """,
    )


def test_nothing_less_urgent_takes_the_place_of_a_card_that_was_shown(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | session-alliance | answered | cards
          1 | A         | 16    | 14               |          |
          8 | B         | 16    | 14               |          |
         15 | C         | 16    | 14               |          |
         22 | D         | 16    | 14               |          |
         29 | E         | 16    | 12               |          | S4 phq-9
         29 | E         |       |                  |          |
        """,
        repeat="once_per_encounter",
    )


def test_a_rating_below_baseline_alone_never_interrupts(interruption_spec):
    interruption_spec(
        """
        day | encounter | session-alliance | answered | cards
          1 | A         | 14               |          |
          8 | B         | 14               |          |
         15 | C         | 14               |          |
         22 | D         | 13               |          |
        """,
    )


def test_an_answered_alliance_card_waits_for_half_an_sd_more(interruption_spec):
    interruption_spec(
        """
        day | encounter | session-alliance | answered | cards
          1 | A         | 10               |          |
          8 | B         | 12               |          |
         15 | C         | 14               |          |
         22 | D         | 10               | yes      | R3 session-alliance
         29 | E         | 10               |          |
         36 | F         | 9                |          | R3 session-alliance
        """,
    )


def test_who_answered_reliably_worse_needs_no_card_about_no_gain(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 11    |          |
          8 | B         | 11    |          |
         15 | C         | 11    |          |
         22 | D         | 17    | yes      | S2 phq-9
         29 | E         | 17    |          |
        """,
    )


def test_a_blank_safety_item_is_said_when_no_safety_answer_is_open(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 2 2 1 1 1 2 1 2 0 |          |
          8 | B         | 2 2 1 1 1 2 1 2 _ | yes      | S1-blank phq-9
          8 | B         |                   |          |
        """,
    )


def test_a_blank_follows_the_open_answer_before_it_and_is_not_lost(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 2 2 1 1 1 2 1 2 2 |          | S1 phq-9
          8 | B         | 2 2 1 1 1 2 1 2 _ | yes      | S1 phq-9
          8 | B         |                   | yes      | S1-blank phq-9
          8 | B         |                   |          |
        """,
        repeat="until_acknowledged",
    )


def test_secondary_numbers_inform_but_do_not_interrupt_before_sign_off(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9             | answered | cards
          1 | A         | 1 1 1 1 1 1 1 1 0 |          |
          8 | B         | 3 2 2 2 2 2 2 2 1 |          | S1 phq-9
        """,
        accepted=False,
    )


def test_a_goal_that_is_reached_is_said_once(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 16    |          |
          8 | B         | 9     | yes      | S6 phq-9
         15 | C         | 8     | yes      | S8 phq-9
         22 | D         | 9     |          |
        """,
    )


def test_both_down_comes_first_and_says_its_parts_too(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | session-alliance | answered | cards
          1 | A         | 11    | 14               |          |
          8 | B         | 11    | 14               |          |
         15 | C         | 11    | 14               |          |
         22 | D         | 17    | 9                | yes      | R8 phq-9
         22 | D         |       |                  |          |
         29 | E         | 17    | 9                |          |
         36 | F         | 20    | 9                | yes      | R8 phq-9
        """,
    )


def test_when_the_alliance_has_come_back_the_worsening_is_said_alone(
    interruption_spec,
):
    interruption_spec(
        """
        day | encounter | phq-9 | session-alliance | answered | cards
          1 | A         | 11    | 14               |          |
          8 | B         | 11    | 14               |          |
         15 | C         | 11    | 14               |          |
         22 | D         | 17    | 9                | yes      | R8 phq-9
         29 | E         | 17    | 14               | yes      | S2 phq-9
         36 | F         | 17    | 9                | yes      | R8 phq-9
        """,
    )


def test_a_drop_that_is_not_repaired_is_raised_once_more(interruption_spec):
    interruption_spec(
        """
        day | encounter | session-alliance | answered | cards
          1 | A         | 14               |          |
          8 | B         | 14               |          |
         15 | C         | 14               |          |
         22 | D         | 9                | yes      | R3 session-alliance
         29 | E         | 9                |          |
         36 | F         | 9                |          |
         43 | G         | 9                | yes      | R6 session-alliance
         50 | H         | 9                |          |
         57 | I         | 8                | yes      | R6 session-alliance
        """,
    )


def test_an_unrepaired_drop_comes_before_a_plan_review(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | session-alliance | answered | cards
          1 | A         | 16    | 14               |          |
          8 | B         | 16    | 14               |          |
         15 | C         | 16    | 14               |          |
         22 | D         | 16    | 9                | yes      | R3 session-alliance
         29 | E         | 16    | 9                | yes      | S4 phq-9
         36 | F         | 16    | 9                |          |
         43 | G         | 16    | 9                | yes      | R6 session-alliance
        """,
    )


def test_a_plan_review_is_asked_for_once_in_four_sessions(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 16    |          |
          8 | B         | 15    |          |
         15 | C         | 16    |          |
         22 | D         | 15    |          |
         29 | E         | 16    | yes      | S4 phq-9
         36 | F         | 15    |          |
         43 | G         | 16    |          |
         50 | H         | 15    |          |
         57 | I         | 16    | yes      | S4 phq-9
        """,
    )


def test_a_plateau_is_a_card_only_after_a_gain(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 20    |          |
          8 | B         | 17    |          |
         15 | C         | 13    |          |
         22 | D         | 13    |          |
         29 | E         | 13    |          |
         36 | F         | 13    | yes      | S5 phq-9
         43 | G         | 13    |          |
        """,
    )


def test_each_large_gain_is_said_and_answered_by_itself(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 26    |          |
          8 | B         | 20    | yes      | S6 phq-9
          8 | B         |       |          |
         15 | C         | 14    | yes      | S6 phq-9
         22 | D         | 14    |          |
        """,
    )


def test_swings_are_said_once(interruption_spec):
    interruption_spec(
        """
        day | encounter | phq-9 | answered | cards
          1 | A         | 18    |          |
          8 | B         | 12    | yes      | S6 phq-9
         15 | C         | 18    |          |
         22 | D         | 12    | yes      | S6 phq-9
         29 | E         | 18    | yes      | S7 phq-9
         36 | F         | 21    |          |
        """,
    )


def test_the_highest_rating_four_times_running_interrupts_nobody(interruption_spec):
    interruption_spec(
        """
        day | encounter | session-alliance | answered | cards
          1 | A         | 16               |          |
          8 | B         | 16               |          |
         15 | C         | 16               |          |
         22 | D         | 16               |          |
        """,
    )
