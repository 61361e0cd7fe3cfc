//! The gate before a promotion: performance, competency, nomination (绩效达标—能力评估—晋升提名).
//!
//! Implements H.3; [`crate::state::promotion`] holds the states of a promotion.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use core::fmt;

const MIN_MONTHS_IN_LEVEL: u32 = 12;
const MIN_PERCENT_OF_COMPETENCIES: usize = 80;
const MIN_TEAM_COMPONENT: i64 = 90;

/// One competency of the next level, on the scale from 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Competency {
    /// Level that the next level requires.
    pub required: Exact,
    /// Level that was assessed.
    pub assessed: Exact,
    /// Whether this competency must be met whatever the others are.
    pub critical: bool,
}

impl Competency {
    fn is_met(&self) -> bool {
        self.assessed >= self.required
    }
}

/// What is known about a candidate for promotion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Final grades, one per cycle, oldest first.
    pub grades: Vec<Grade>,
    /// Full months in the present job level.
    pub months_in_level: u32,
    /// Whether a PIP is running.
    pub active_pip: bool,
    /// Whether a veto was confirmed in the last 12 months.
    pub veto_in_12_months: bool,
    /// Assessed competencies; empty before the assessment.
    pub competencies: Vec<Competency>,
    /// Team component (D.4) of a person who manages people; `None` for others.
    pub team_component: Option<Exact>,
}

/// A check that the candidate failed; variants are in the order in which failures are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The last two grades are not both B or better, or neither is A or better.
    Performance,
    /// A PIP is running.
    ActivePip,
    /// A veto was confirmed in the last 12 months.
    Veto,
    /// The candidate has been in the job level for less than 12 months.
    TimeInLevel,
    /// The team component of a manager is below 90.
    TeamComponent,
    /// A critical competency is not met.
    CriticalCompetency,
    /// Less than 80 % of the competencies are met.
    CompetencyShare,
}

/// The steps of the gate, in order; no step can be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Results and time in the job level.
    Performance,
    /// Assessment of competencies.
    Competency,
    /// Nomination by the manager.
    Nomination,
}

impl Failure {
    /// The step to which the check belongs.
    pub const fn step(self) -> Step {
        match self {
            Failure::Performance
            | Failure::ActivePip
            | Failure::Veto
            | Failure::TimeInLevel
            | Failure::TeamComponent => Step::Performance,
            Failure::CriticalCompetency | Failure::CompetencyShare => Step::Competency,
        }
    }
}

/// The result of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Every failed check; never empty. The first one is the headline.
    Failed(Vec<Failure>),
    /// Performance is passed; the next step is to assess the competencies.
    AssessCompetencies,
    /// All checks are passed; the manager may nominate the candidate.
    Nominate,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Performance => "PERFORMANCE",
            Failure::ActivePip => "ACTIVE_PIP",
            Failure::Veto => "VETO",
            Failure::TimeInLevel => "TIME_IN_LEVEL",
            Failure::CriticalCompetency => "CRITICAL_COMPETENCY",
            Failure::CompetencyShare => "COMPETENCY_SHARE",
            Failure::TeamComponent => "TEAM_COMPONENT",
        })
    }
}

impl fmt::Display for Gate {
    /// Writes the headline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gate::Failed(failures) => {
                f.write_str("FAIL")?;
                failures.iter().take(1).try_for_each(|failure| write!(f, ":{failure}"))
            }
            Gate::AssessCompetencies => f.write_str("NEXT:COMPETENCY_ASSESSMENT"),
            Gate::Nominate => f.write_str("NEXT:NOMINATION"),
        }
    }
}

impl Gate {
    /// Whether this step and all steps before it are passed; the state machine asks this.
    pub fn passes(&self, step: Step) -> bool {
        match self {
            Gate::Failed(failures) => failures.iter().all(|failure| failure.step() > step),
            Gate::AssessCompetencies => step == Step::Performance,
            Gate::Nominate => true,
        }
    }
}

impl Candidate {
    /// The candidate as somebody who manages people, whose team component then counts.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without a team component.
    pub fn managing(self, team_component: Option<Exact>) -> Result<Candidate> {
        let team =
            team_component.ok_or_else(|| Code::EmptyInput.because("a manager needs a team"))?;
        Ok(Candidate { team_component: Some(team), ..self })
    }
}

/// Checks a candidate and says what is possible next.
pub fn gate(candidate: &Candidate) -> Gate {
    let Candidate { competencies, .. } = candidate;
    let met = competencies.iter().filter(|competency| competency.is_met()).count();
    let checks = [
        (Failure::Performance, performs(&candidate.grades)),
        (Failure::ActivePip, !candidate.active_pip),
        (Failure::Veto, !candidate.veto_in_12_months),
        (Failure::TimeInLevel, candidate.months_in_level >= MIN_MONTHS_IN_LEVEL),
        (
            Failure::TeamComponent,
            candidate.team_component.as_ref().is_none_or(|it| *it >= MIN_TEAM_COMPONENT.into()),
        ),
        (Failure::CriticalCompetency, competencies.iter().all(|c| c.is_met() || !c.critical)),
        (
            Failure::CompetencyShare,
            met.saturating_mul(100)
                >= competencies.len().saturating_mul(MIN_PERCENT_OF_COMPETENCIES),
        ),
    ];
    let failures: Vec<_> =
        checks.into_iter().filter(|(_, passed)| !passed).map(|(failure, _)| failure).collect();
    if !failures.is_empty() {
        Gate::Failed(failures)
    } else if competencies.is_empty() {
        Gate::AssessCompetencies
    } else {
        Gate::Nominate
    }
}

/// Whether both of the last two grades are B or better and at least one is A or better.
fn performs(grades: &[Grade]) -> bool {
    grades.last_chunk::<2>().is_some_and(|last| {
        last.iter().all(|grade| *grade >= Grade::B) && last.iter().any(|grade| *grade >= Grade::A)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn competency(required: i64, assessed: i64, critical: bool) -> Competency {
        Competency { required: required.into(), assessed: assessed.into(), critical }
    }

    fn candidate() -> Candidate {
        Candidate {
            grades: vec![Grade::D, Grade::B, Grade::A],
            months_in_level: 12,
            ..Candidate::default()
        }
    }

    #[test]
    fn the_next_step_follows_what_is_known() {
        assert_eq!(gate(&candidate()), Gate::AssessCompetencies);
        let assessed = vec![competency(3, 3, true)];
        let assessed = Candidate { competencies: assessed, ..candidate() };
        assert_eq!(gate(&assessed).to_string(), "NEXT:NOMINATION");
    }

    #[test]
    fn every_failure_is_listed_in_order() {
        let hopeless = Candidate {
            grades: vec![Grade::A],
            months_in_level: 11,
            active_pip: true,
            veto_in_12_months: true,
            competencies: vec![competency(3, 2, true)],
            team_component: Some(Exact::scaled(8999, 2)),
        };
        let Gate::Failed(failures) = gate(&hopeless) else { panic!("must fail") };
        assert_eq!(failures.len(), 7);
        assert!(failures.is_sorted());
        assert_eq!(gate(&hopeless).to_string(), "FAIL:PERFORMANCE");
    }

    #[test]
    fn a_step_is_passed_with_all_before_it() {
        let steps = [Step::Performance, Step::Competency, Step::Nomination];
        let passed = |candidate: &Candidate| steps.map(|step| gate(candidate).passes(step));
        assert_eq!(passed(&candidate()), [true, false, false]);
        let met = Candidate { competencies: vec![competency(3, 3, true)], ..candidate() };
        assert_eq!(passed(&met), [true; 3]);
        let unmet = Candidate { competencies: vec![competency(3, 2, true)], ..candidate() };
        assert_eq!(passed(&unmet), [true, false, false]);
        let too_early = Candidate { months_in_level: 11, ..met.clone() };
        assert_eq!(passed(&too_early), [false; 3]);
        let weak_team = Candidate { team_component: Some(Exact::from(89)), ..met };
        assert_eq!(passed(&weak_team), [false; 3]);
    }

    #[test]
    fn grades_need_two_b_and_one_a() {
        use Grade::{A, B, C, S};
        for (grades, passed) in
            [([B, A], true), ([S, B], true), ([B, B], false), ([A, C], false), ([C, S], false)]
        {
            assert_eq!(performs(&grades), passed, "{grades:?}");
        }
        assert!(!performs(&[]));
    }

    #[test]
    fn four_of_five_competencies_suffice() {
        let mut competencies = vec![competency(3, 3, false); 4];
        competencies.push(competency(3, 2, false));
        let some = Candidate { competencies: competencies.clone(), ..candidate() };
        assert_eq!(gate(&some), Gate::Nominate);
        competencies.remove(0);
        let fewer = Candidate { competencies, ..candidate() };
        assert_eq!(gate(&fewer), Gate::Failed(vec![Failure::CompetencyShare]));
    }

    #[test]
    fn a_manager_also_needs_the_team() {
        let with_team = |percent: i64| Candidate {
            competencies: vec![competency(3, 3, true)],
            team_component: Some(percent.into()),
            ..candidate()
        };
        assert_eq!(gate(&with_team(90)), Gate::Nominate);
        assert_eq!(gate(&with_team(89)), Gate::Failed(vec![Failure::TeamComponent]));
        let unassessed = Candidate { competencies: vec![], ..with_team(89) };
        assert_eq!(gate(&unassessed), Gate::Failed(vec![Failure::TeamComponent]));
        assert_eq!(candidate().managing(None).unwrap_err().code, Code::EmptyInput);
        let leads = candidate().managing(Some(90.into())).unwrap();
        assert_eq!(gate(&leads), Gate::AssessCompetencies);
    }
}
