//! Tests every event in every state of every machine against the tables, and that `docs/states.md`
//! shows the tables. Run with `UPDATE=1` to rewrite that file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use chrono::NaiveDate;
use domain::Code;
use domain::core::text::TextEnum;
use domain::state::{
    By, Machine, Named, NoGuard, Refusal, Row, Seat, Share, Signature, Versioned, appeal,
    calibration_session, case, cycle, dependency, feedback_ticket, goal, interview, pip, promotion,
    rater_task, resource_request, review, survey, weight_adjustment,
};
use proptest::prelude::*;
use uuid::Uuid;

fn signed(person: u128, seat: Seat) -> Signature {
    Signature { person: Uuid::from_u128(person), seat }
}

/// One signature from every seat, each by a different person.
fn everybody() -> Vec<Signature> {
    (1..).zip(Seat::ALL).map(|(person, seat)| signed(person, *seat)).collect()
}

/// Signatures that suffice for a row.
fn entitled(by: By) -> Vec<Signature> {
    match by {
        By::OneOf(seats) => seats.iter().take(1).map(|seat| signed(1, *seat)).collect(),
        By::Together(seats) => (1..).zip(seats).map(|(p, seat)| signed(p, *seat)).collect(),
    }
}

/// Tests one row through `fire`: with wrong signatures, with missing facts, and successfully.
fn exercise_row<S: Machine>(
    row: Row<S>,
    samples: &[S::Facts],
    fire: impl Fn(&[Signature], &S::Facts) -> Result<S, Refusal>,
) {
    let enough = entitled(row.by);
    assert!(samples.iter().any(|facts| fire(&enough, facts) == Ok(row.to)), "{row:?}");

    for facts in samples {
        assert!(matches!(fire(&[], facts), Err(Refusal::NotEntitled { .. })), "{row:?}");
        for seat in Seat::ALL {
            let suffices = matches!(row.by, By::OneOf(seats) if seats.contains(seat));
            let refused =
                matches!(fire(&[signed(1, *seat)], facts), Err(Refusal::NotEntitled { .. }));
            assert_eq!(refused, !suffices, "{seat:?} {row:?}");
        }
        if let By::Together(seats) = row.by {
            let alone: Vec<_> = seats.iter().map(|seat| signed(1, *seat)).collect();
            assert!(matches!(fire(&alone, facts), Err(Refusal::NotEntitled { .. })), "{row:?}");
        }
    }

    match fire(&enough, &S::Facts::default()) {
        Ok(_) => assert!(row.guards.is_empty(), "{row:?} passes without facts"),
        Err(Refusal::Guarded { violations, .. }) => {
            let listed: Vec<_> = violations.iter().map(|violation| violation.guard).collect();
            let all: Vec<_> = row.guards.iter().map(|guard| guard.as_str()).collect();
            assert_eq!(listed, all, "{row:?}");
        }
        Err(refusal) => panic!("{row:?}: {refusal}"),
    }
}

fn texts<T: Named>() -> BTreeSet<&'static str> {
    for value in T::ALL {
        assert_eq!(T::parse(value.as_str()), Ok(*value));
        assert!(value.meaning().ends_with('.'), "{value:?}");
    }
    T::ALL.iter().map(|value| value.as_str()).collect()
}

/// Tests every pair of state and event. Each row must be satisfied by one of `samples`.
fn exercise<S: Machine>(samples: &[S::Facts]) {
    let (mut events, mut guards) = (BTreeSet::new(), BTreeSet::new());
    let mut reached = vec![S::opening().to];
    guards.extend(S::opening().guards.iter().map(|guard| guard.as_str()));
    exercise_row::<S>(S::opening(), samples, |signatures, facts| {
        Versioned::open(signatures, facts).map(|record| record.state)
    });
    for state in S::ALL {
        for event in S::Event::ALL {
            let fire =
                |signatures: &[Signature], facts: &S::Facts| state.step(*event, signatures, facts);
            if let Some(row) = state.row(*event) {
                exercise_row::<S>(row, samples, fire);
                events.insert(event.as_str());
                guards.extend(row.guards.iter().map(|guard| guard.as_str()));
            } else {
                for facts in samples {
                    let answer = fire(&everybody(), facts);
                    assert!(matches!(answer, Err(Refusal::NotInTable { .. })), "{answer:?}");
                }
            }
            for seat in Seat::ALL {
                let offered = state.allowed_events(*seat).any(|offered| offered == *event);
                let takes_part = state.row(*event).is_some_and(|row| row.by.seats().contains(seat));
                assert_eq!(offered, takes_part);
            }
        }
    }
    let mut next = 0;
    while let Some(state) = reached.get(next).copied() {
        next += 1;
        let targets = S::Event::ALL.iter().filter_map(|event| state.row(*event));
        for target in targets.map(|row| row.to) {
            if !reached.contains(&target) {
                reached.push(target);
            }
        }
    }
    assert_eq!(reached.len(), texts::<S>().len(), "every state of the {} is reachable", S::NAME);
    assert_eq!(events, texts::<S::Event>(), "every event of the {} is used", S::NAME);
    assert_eq!(guards, texts::<S::Guard>(), "every guard of the {} is used", S::NAME);
}

#[test]
fn cycle_pairs() {
    exercise::<cycle::State>(&[cycle::Facts {
        policy_published: true,
        raci_complete: true,
        weights_sum_to_100: true,
        dates_ordered: true,
        kind_fits: true,
        raters_within_reach: true,
        population: 1,
        under_leavers: Some(0),
        goals_active: Share { part: 1, whole: 1 },
        evaluation_date_reached: true,
        manager_reviews_missing: Some(0),
        sessions_unfinished: Some(0),
        grades_unfounded: Some(0),
        appeal_window_over: true,
        open_appeals: Some(0),
        interviews_held: Share { part: 1, whole: 1 },
        retention_reached: true,
        reason_given: true,
    }]);
}

#[test]
fn goal_pairs() {
    exercise::<goal::State>(&[goal::Facts {
        smart_checked: true,
        weights_sum_to_100: true,
        reason_given: true,
        alignment_valid: true,
        decided_by_another: true,
        evidence_attached: true,
        change: Some(goal::Change { after_mid_cycle: false, weight: false, decided_by_hr: false }),
        data_present: true,
        weights_redistributed: true,
        result_open: true,
        evaluation_open: true,
        rating_reopened: true,
        cycle_confirmed: true,
    }]);
}

#[test]
fn review_pairs() {
    exercise::<review::State>(&[review::Facts {
        self_overdue_workdays: 3,
        person_left: false,
        raters_due: true,
        raters_all_in: false,
        evidence_present: true,
        process_records: true,
        missing_settled: true,
        rated_by_another: true,
        second_review_off: true,
        grade_unmoved: true,
        reason_given: true,
        session_finalised: true,
        cycle_published: true,
        appeal_settled: true,
    }]);
}

#[test]
fn rater_task_pairs() {
    exercise::<rater_task::State>(&[rater_task::Facts {
        collaboration_recorded: true,
        evidence_present: true,
        reason_given: true,
        due_passed: true,
    }]);
}

#[test]
fn calibration_session_pairs() {
    exercise::<calibration_session::State>(&[calibration_session::Facts {
        managers_present: 2,
        facilitators_present: 1,
        acts_on_another: true,
        approved_by_another: true,
        grades_moved: Some(1),
        approvers: 1,
        distribution_ok: true,
        exec_override: false,
        pending_moves: Some(0),
        undecided_ties: Some(0),
        grades_unfounded: Some(0),
        before_publication: true,
        reason_given: true,
    }]);
}

#[test]
fn appeal_pairs() {
    let in_time = appeal::Facts {
        window: Some(appeal::Window { passed: 0, allowed: 7 }),
        ground: Some(appeal::Ground::Bias),
        decided_by_another: true,
        handler: Some(appeal::Handler::default()),
        committee_confirmed: true,
        result_not_worse: true,
        reformatio_allowed: false,
        second_window: Some(appeal::Window { passed: 0, allowed: 5 }),
    };
    let settled = appeal::Facts {
        second_window: Some(appeal::Window { passed: 6, allowed: 5 }),
        ..in_time.clone()
    };
    exercise::<appeal::State>(&[in_time, settled]);
}

#[test]
fn improvement_plan_pairs() {
    let start = NaiveDate::default();
    exercise::<pip::State>(&[pip::Facts {
        measurable_targets: 1,
        support_items: 1,
        dates: Some((start, start + chrono::TimeDelta::days(59))),
        decided_by_another: true,
        extensions: Some(0),
        extension_days: 30,
        targets_without_evidence: Some(0),
        outcome: Some(pip::Outcome::Normal),
        steps_on_record: true,
    }]);
}

#[test]
fn interview_pairs() {
    exercise::<interview::State>(&[interview::Facts { fields_missing: Some(0), text_given: true }]);
}

#[test]
fn promotion_pairs() {
    let passed = promotion::Facts {
        performance_gate: Some(true),
        competency_gate: Some(true),
        team_component_reached: true,
        decided_by_another: true,
        committee_present: 3,
        effective_date_reached: true,
    };
    let failed = promotion::Facts {
        performance_gate: Some(false),
        competency_gate: Some(false),
        ..passed.clone()
    };
    exercise::<promotion::State>(&[passed, failed]);
}

#[test]
fn weight_adjustment_pairs() {
    exercise::<weight_adjustment::State>(&[weight_adjustment::Facts {
        within_limits: true,
        before_evaluation: true,
        reviewed_by_another: true,
        filing_number: true,
    }]);
}

#[test]
fn case_pairs() {
    exercise::<case::State>(&[case::Facts { verified_by_another: true }]);
}

#[test]
fn dependency_pairs() {
    exercise::<dependency::State>(&[()]);
}

#[test]
fn resource_request_pairs() {
    exercise::<resource_request::State>(&[resource_request::Facts {
        decided_by_another: true,
        funds_confirmed: true,
        within_budget: true,
    }]);
}

#[test]
fn feedback_ticket_pairs() {
    exercise::<feedback_ticket::State>(&[feedback_ticket::Facts { overdue: true }]);
}

#[test]
fn survey_pairs() {
    exercise::<survey::State>(&[()]);
}

#[test]
fn refusals_carry_the_published_codes() {
    let record = Versioned { state: cycle::State::Draft, version: 3 };
    let hr = [signed(1, Seat::Hr)];
    let nothing = cycle::Facts::default();
    let code = |seen, event, signatures: &[Signature]| {
        record.fire(seen, event, signatures, &nothing).map_err(|refusal| refusal.code())
    };
    assert_eq!(code(2, cycle::Event::Launch, &hr), Err(Code::StateConflict));
    assert_eq!(code(3, cycle::Event::Close, &hr), Err(Code::ForbiddenTransition));
    assert_eq!(code(3, cycle::Event::Launch, &[]), Err(Code::ForbiddenTransition));
    assert_eq!(code(3, cycle::Event::Launch, &hr), Err(Code::GuardFailed));
}

#[test]
fn a_refusal_names_every_violated_guard() {
    let facts = cycle::Facts { raci_complete: true, population: 9, ..cycle::Facts::default() };
    let refusal =
        cycle::State::Draft.step(cycle::Event::Launch, &[signed(1, Seat::Hr)], &facts).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "launch of the cycle is not possible yet: policy_published, weights_sum_to_100, \
         dates_ordered, kind_fits, raters_within_reach, managers_employed"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is tried, the version counts exactly the successful transitions, and a record that
    /// has ended stays in its state.
    #[test]
    fn versions_count_successes(tries in prop::collection::vec((0..11_usize, 0..3_u64), 0..60)) {
        let start = NaiveDate::default();
        let facts = pip::Facts {
            measurable_targets: 1,
            support_items: 1,
            dates: Some((start, start + chrono::TimeDelta::days(59))),
            decided_by_another: true,
            ..pip::Facts::default()
        };
        let mut record = Versioned::<pip::State>::open(&everybody(), &facts).unwrap();
        let mut successes = 0;
        for (event, staleness) in tries {
            let seen = record.version.saturating_sub(staleness);
            if let Ok(next) = record.fire(seen, pip::Event::ALL[event], &everybody(), &facts) {
                prop_assert_eq!(seen, record.version);
                prop_assert!(record.state != pip::State::Cancelled);
                record = next;
                successes += 1;
            }
        }
        prop_assert_eq!(record.version, successes + 1);
    }
}

/// The section of one machine in the document.
fn section<S: Machine>() -> String {
    let row = |from: &str, event: &str, row: Row<S>| {
        let guards: Vec<_> = row.guards.iter().map(|guard| guard.as_str()).collect();
        format!("| {from} | {event} | {} | {} | {} |\n", row.to.as_str(), row.by, guards.join(", "))
    };
    let mut text = format!("\n## {}\n\n", S::NAME);
    text += "| from | event | to | who | guards |\n|---|---|---|---|---|\n";
    text += &row("", "create", S::opening());
    for state in S::ALL {
        for event in S::Event::ALL {
            if let Some(found) = state.row(*event) {
                text += &row(state.as_str(), event.as_str(), found);
            }
        }
    }
    text += &glossary::<S>("States");
    text += &glossary::<S::Event>("Events");
    text += &glossary::<S::Guard>("Guards");
    text
}

fn glossary<T: Named>(title: &str) -> String {
    if T::ALL.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{title}:\n");
    for value in T::ALL {
        let _ = writeln!(text, "- `{}`: {}", value.as_str(), value.meaning());
    }
    text
}

fn document() -> String {
    assert!(NoGuard::ALL.is_empty());
    [
        "# States\n\n\
         Generated from `domain/src/state`; `UPDATE=1 cargo test -p domain --test states` \
         rewrites it.\n\n\
         Each table lists which event leads from which state to which, who may fire it, and which \
         guards (conditions) must be met. An event that a table does not list for the present \
         state is refused with `FORBIDDEN_TRANSITION`, and so is an event fired from another seat. \
         Violated guards are refused with `GUARD_FAILED`, which lists all of them. If somebody else \
         has changed the record in the meantime, the answer is `STATE_CONFLICT`. Where seats are \
         joined by +, a different person must sign from each.\n"
            .to_owned(),
        glossary::<Seat>("Seats"),
        section::<cycle::State>(),
        section::<goal::State>(),
        section::<review::State>(),
        section::<rater_task::State>(),
        section::<calibration_session::State>(),
        section::<appeal::State>(),
        section::<pip::State>(),
        section::<interview::State>(),
        section::<promotion::State>(),
        section::<weight_adjustment::State>(),
        section::<case::State>(),
        section::<dependency::State>(),
        section::<resource_request::State>(),
        section::<feedback_ticket::State>(),
        section::<survey::State>(),
    ]
    .concat()
}

#[expect(clippy::disallowed_methods, reason = "UPDATE=1 is a switch of this test alone")]
#[test]
fn the_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    let current = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "docs/states.md is stale; run with UPDATE=1");
}
