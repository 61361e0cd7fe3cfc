//! The attack on the functions that make counts from records: a random company goes through
//! evaluation and calibration while senior management looks at it again and again.

use super::counted;
use super::solver::{Knowledge, Unknown};
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::policy::Role;
use domain::policy::{Grant, Principal, Relations, Subject};
use domain::reviews::aggregate::{GradeRecord, History};
use domain::reviews::distribution::Tally;
use domain::reviews::form::Results;
use domain::scoring::scale::Grade;
use domain::state::review::State;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Number of random changes in a company.
const STEPS: usize = 40;
/// The executives who look, by person; the last one manages nobody.
const EXECUTIVES: [u128; 2] = [1, 2];

/// Somebody's grade for some time, as person and index of the grade. The attacker is assumed to
/// know when grades change.
type Held = (usize, usize);

/// The result of an attack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Number of counts that were shown, not withheld.
    pub shown: usize,
    /// Number of grades for which the solver gave up.
    pub undecided: usize,
}

struct Company {
    rng: StdRng,
    records: Vec<GradeRecord>,
    /// Every grade that each person has had, in order.
    grades: Vec<Vec<usize>>,
    history: History,
    /// For each person, the grade that the last renewal shows.
    shown: Vec<Option<usize>>,
    /// People who were ever shown as part of a small department.
    pooled: BTreeSet<usize>,
    least: usize,
}

impl Company {
    fn found(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let departments = rng.random_range(1..=6_u128);
        let people = rng.random_range(5..=45_usize);
        let executives = EXECUTIVES.map(|person| EmployeeId::from(Uuid::from_u128(person)));
        // Most people answer to none of the executives; some answer to the first one.
        let managed = rng.random_range(0..4);
        let records = (0..people).map(|at| {
            let person = u128::try_from(at).unwrap_or_default() + 1;
            // Departments with smaller numbers are larger.
            let department =
                rng.random_range(1..=departments).min(rng.random_range(1..=departments));
            let manager = (rng.random_range(0..10) < managed).then_some(executives[0]);
            GradeRecord {
                participant: Uuid::from_u128(person).into(),
                person: Uuid::from_u128(person).into(),
                department: Some(OrgUnitId::from(Uuid::from_u128(department))),
                manager,
                session: None,
                evaluated: true,
                counts_for_quota: at >= EXECUTIVES.len(),
                state: State::PendingManager,
                results: Results::default(),
                relations: Relations::default(),
            }
        });
        let records: Vec<_> = records.collect();
        let least = *[3, 5, 5, 5].choose(&mut rng).expect("some");
        Self {
            grades: vec![Vec::new(); people],
            shown: vec![None; people],
            history: History::default(),
            pooled: BTreeSet::new(),
            rng,
            records,
            least,
        }
    }

    /// One random change: somebody is rated, moved, reopened, excluded or given a role.
    fn something_happens(&mut self) {
        let at = self.rng.random_range(0..self.records.len());
        // Leniency: in many companies nearly everybody has the same grade.
        let spread = self.rng.random_range(1..=5);
        let grade = Grade::ALL[self.rng.random_range(0..spread)];
        let kind = self.rng.random_range(0..20);
        let record = &mut self.records[at];
        match kind {
            0..=11 => {
                record.state = State::InCalibration;
                record.results.computed_grade = Some(grade);
            }
            12..=15 if record.results.computed_grade.is_some() => {
                record.results.calibrated_grade = Some(grade);
            }
            16 => {
                record.state = State::PendingManager;
                record.results = Results::default();
            }
            17 => record.evaluated = !record.evaluated,
            18 if at >= EXECUTIVES.len() => record.counts_for_quota = !record.counts_for_quota,
            _ => {}
        }
        let number = |grade: Grade| Grade::ALL.iter().position(|known| *known == grade);
        if let Some(now) = record.grade().and_then(number)
            && self.grades[at].last() != Some(&now)
        {
            self.grades[at].push(now);
        }
    }

    fn renew(&mut self) {
        let due = self.history.due(&self.records, self.least);
        for shown in &due {
            let at = self.records.iter().position(|it| it.participant == shown.participant);
            let at = at.expect("somebody of the company");
            self.shown[at] = shown.grade.map(|_| self.grades[at].len() - 1);
            if shown.pooled {
                self.pooled.insert(at);
            }
        }
        self.history.extend(due);
    }
}

fn executive(person: u128) -> Subject {
    Subject {
        tenant: Uuid::nil().into(),
        principal: Principal::Person(Uuid::from_u128(person).into()),
        employee_id: Some(Uuid::from_u128(person).into()),
        behind: Vec::new(),
        led_by: Vec::new(),
        grants: vec![Grant { role: Role::Executive, org_unit_id: None }],
    }
}

fn numbers(tally: &Tally) -> [usize; 5] {
    let counts = tally.present.clone();
    Grade::ALL.map(|grade| usize::try_from(*counts.get(grade)).unwrap_or(usize::MAX))
}

/// An executive who looks, and everything that was shown so far.
struct Attacker {
    subject: Subject,
    seen: Vec<(Vec<Held>, [usize; 5])>,
}

impl Attacker {
    /// Adds what is shown now; returns the number of counts.
    fn look(&mut self, company: &Company) -> usize {
        let shown = company.history.shown(&self.subject, &company.records, company.least);
        let mut rest = shown.total.as_ref().map(numbers).unwrap_or_default();
        let mut hidden = Vec::new();
        let mut by_department = BTreeMap::<_, Vec<usize>>::new();
        for (at, record) in company.records.iter().enumerate() {
            by_department.entry(record.department).or_default().push(at);
        }
        let before = self.seen.len();
        for (department, members) in by_department {
            let closed = |at: &usize| !company.records[*at].is_open_to(&self.subject);
            let mine = |at: &usize| self.subject.may_be(company.records[*at].person);
            let held = |at: usize| company.shown[at].map(|version| (at, version));
            let group = members.iter().copied().filter(|at| !mine(at)).filter_map(held).collect();
            match shown.departments.get(&department).and_then(Option::as_ref) {
                Some(tally) => {
                    let counts = numbers(tally);
                    rest = std::array::from_fn(|grade| rest[grade] - counts[grade]);
                    // If the attacker may read everybody in the department, the counts are of this
                    // moment, not of the last renewal.
                    if members.iter().any(|at| closed(at) && !mine(at)) {
                        self.seen.push((group, counts));
                    }
                }
                None if members.iter().any(|at| company.pooled.contains(at)) => {
                    hidden.extend(group)
                }
                None => {}
            }
        }
        if rest.iter().sum::<usize>() > 0
            && hidden.iter().any(|(at, _): &Held| !company.records[*at].is_open_to(&self.subject))
        {
            self.seen.push((hidden, rest));
        }
        self.seen.len() - before
    }

    /// The unreleased grades that follow with certainty, for people whose grades the attacker may
    /// not read, and the number of grades that could not be decided.
    fn solve(&self, company: &Company) -> (Vec<Held>, usize) {
        let mut knowledge = Knowledge::new(5);
        let mut unknowns = BTreeMap::<Held, Unknown>::new();
        for (at, grades) in company.grades.iter().enumerate() {
            for (version, grade) in grades.iter().enumerate() {
                let unknown = knowledge.unknown(*grade);
                unknowns.insert((at, version), unknown);
                if company.records[at].is_open_to(&self.subject) {
                    knowledge.is(unknown, *grade);
                }
            }
        }
        for (group, counts) in &self.seen {
            let group: Vec<_> = group.iter().map(|held| unknowns[held]).collect();
            counted(&mut knowledge, &group, *counts);
        }
        let verdict = knowledge.certain();
        let closed = |(at, _): &Held| !company.records[*at].is_open_to(&self.subject);
        let found = unknowns
            .iter()
            .filter(|(held, unknown)| closed(held) && verdict.certain.contains_key(unknown));
        (found.map(|(held, _)| *held).collect(), verdict.undecided.len())
    }
}

/// Attacks the company of a seed.
///
/// # Panics
/// If a grade follows from what was shown.
pub fn attack(seed: u64) -> Outcome {
    let mut company = Company::found(seed);
    let mut attackers =
        EXECUTIVES.map(|person| Attacker { subject: executive(person), seen: Vec::new() });
    let mut outcome = Outcome::default();
    // Either all managers of a cycle submit before anybody looks, or people look all the time.
    let patience = company.rng.random_range(1..=6);
    for step in 0..STEPS + company.records.len() * 2 {
        company.something_happens();
        if step % patience == 0 && step >= company.records.len() {
            company.renew();
            for attacker in &mut attackers {
                outcome.shown += attacker.look(&company);
            }
        }
    }
    for attacker in &attackers {
        let (found, undecided) = attacker.solve(&company);
        assert!(found.is_empty(), "with seed {seed} these follow: {found:?}");
        outcome.undecided += undecided;
    }
    outcome
}
