//! The attacker before the functions that make counts of records: a random company goes through
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

/// How often something happens in a company.
const STEPS: usize = 40;
/// The executives who look, by the person they are; the last one is nobody's manager.
const EXECUTIVES: [u128; 2] = [1, 2];

/// A grade somebody had for some time: the attacker is taken to know when it changed.
type Held = (usize, usize);

/// What an attack came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Counts that were shown and not withheld.
    pub shown: usize,
    /// Grades of which nobody can say whether they follow.
    pub undecided: usize,
}

struct Company {
    rng: StdRng,
    records: Vec<GradeRecord>,
    /// Every grade each person has had, in order.
    grades: Vec<Vec<usize>>,
    history: History,
    /// The grade that the last renewal shows of a person.
    shown: Vec<Option<usize>>,
    /// Who was ever shown as one of a small department.
    pooled: BTreeSet<usize>,
    least: usize,
}

impl Company {
    fn found(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let departments = rng.random_range(1..=6_u128);
        let people = rng.random_range(5..=45_usize);
        let executives = EXECUTIVES.map(|person| EmployeeId::from(Uuid::from_u128(person)));
        // Most answer to nobody who looks, some to the first executive.
        let managed = rng.random_range(0..4);
        let records = (0..people).map(|at| {
            let person = u128::try_from(at).unwrap_or_default() + 1;
            // The smaller the number, the larger the department.
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

    /// Somebody is rated, moved, taken up again, taken out or given power.
    fn something_happens(&mut self) {
        let at = self.rng.random_range(0..self.records.len());
        // Leniency: in many companies nearly everybody is alike.
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

/// Somebody who looks, and everything that was shown.
struct Attacker {
    subject: Subject,
    seen: Vec<(Vec<Held>, [usize; 5])>,
}

impl Attacker {
    /// Notes what is shown now; how many counts that are.
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
                    // Of whom everybody is known, the counts are those of this moment.
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

    /// The unreleased grades that follow for certain, of people whose grades are not open to the
    /// attacker anyway, and how many could not be decided.
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
/// When a grade follows from what was shown.
pub fn attack(seed: u64) -> Outcome {
    let mut company = Company::found(seed);
    let mut attackers =
        EXECUTIVES.map(|person| Attacker { subject: executive(person), seen: Vec::new() });
    let mut outcome = Outcome::default();
    // Every manager of a whole cycle hands in before anybody looks, or people look all the time.
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
