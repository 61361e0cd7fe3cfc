//! How much aggregates may show of grades that are not released (rule 13 of the access model).
//!
//! Readers who may read all other grades of a cycle one by one see live counts; a record about the
//! reader is in no count until it is released. Readers who may read only some grades, or none, see
//! counts by group from a [`History`] of renewals. A group is shown once it contains enough records
//! that the reader does not know, and is renewed once enough of them have changed. No single grade
//! follows for certain from what is shown, at one time or over time: for every record that the
//! reader does not know, another record in its group changed at the same renewals and had a
//! different grade at each of them. If the two were exchanged, everything ever shown would stay the
//! same.

use crate::core::id::{CalibrationSessionId, EmployeeId, OrgUnitId, ParticipantId};
use crate::policy::{Action, Relations, Stage, Subject, Target, decide};
use crate::reviews::distribution::Tally;
use crate::reviews::form::Results;
use crate::scoring::scale::Grade;
use crate::state::review::State;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// The result of one person, as aggregates count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradeRecord {
    /// Id of the person as a participant of the cycle.
    pub participant: ParticipantId,
    /// Id of the person as an employee.
    pub person: EmployeeId,
    /// The department in whose distribution the grade counts.
    pub department: Option<OrgUnitId>,
    /// The manager who is responsible for the review.
    pub manager: Option<EmployeeId>,
    /// The session that compares the grade.
    pub session: Option<CalibrationSessionId>,
    /// Whether the person is evaluated; an excluded person keeps the record.
    pub evaluated: bool,
    /// Whether the person counts towards the quotas now.
    pub counts_for_quota: bool,
    /// State of the review.
    pub state: State,
    /// Results of the review so far.
    pub results: Results,
    /// Relations of the reader to the person.
    pub relations: Relations,
}

impl GradeRecord {
    /// Whether `subject` may read this grade itself.
    pub fn is_open_to(&self, subject: &Subject) -> bool {
        let target = Target {
            id: Uuid::max(),
            about: Some(self.person),
            responsible: self.manager,
            session: self.session,
            stage: Some(self.state.rating_stage()),
            relations: self.relations,
            ..Target::default()
        };
        decide(subject, Action::RatingRead, &target).permit.is_some()
    }

    /// The present grade; `None` while the rating is a draft.
    pub fn grade(&self) -> Option<Grade> {
        let written = self.state.rating_stage() != Stage::Draft;
        self.results.present_grade().filter(|_| written)
    }

    /// Whether the grade counts, or will count, towards the quotas.
    fn counts(&self) -> bool {
        self.evaluated && self.counts_for_quota
    }

    /// The present grade, if it counts towards the quotas.
    fn counted(&self) -> Option<Grade> {
        self.grade().filter(|_| self.counts())
    }
}

/// Whether `subject` may ask for `action` about everybody, but may not read every grade by itself:
/// such a reader sees counts.
pub fn reads_counts_alone(subject: &Subject, action: Action) -> bool {
    may_of_anyone(subject, action, None) && !reads_every_grade(subject)
}

/// Whether `subject` may read the grades of all other people one by one before release.
pub fn reads_every_grade(subject: &Subject) -> bool {
    may_of_anyone(subject, Action::RatingRead, Some(Stage::Submitted))
}

fn may_of_anyone(subject: &Subject, action: Action, stage: Option<Stage>) -> bool {
    let anyone = Target { id: Uuid::max(), about: Some(Uuid::max().into()), ..Target::default() };
    decide(subject, action, &Target { stage, ..anyone }).permit.is_some()
}

/// The grade of one record that readers of counts alone see from a renewal on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownGrade {
    /// The participant whose grade it is.
    pub participant: ParticipantId,
    /// Number of the renewal, from 1.
    pub renewal: i32,
    /// Whether its department was too small to be shown by itself.
    pub pooled: bool,
    /// The grade; `None` if the record no longer counts.
    pub grade: Option<Grade>,
}

/// Those among `counted` who must not count towards the quotas because they lead everybody else
/// there: they could subtract the grades they may read from the quota and find their own. After one
/// is removed, the next may lead all who remain. `leads` holds pairs of a manager (at any height)
/// and a person.
pub fn leaders_of_all(
    counted: impl IntoIterator<Item = EmployeeId>,
    leads: &HashSet<(EmployeeId, EmployeeId)>,
) -> HashSet<EmployeeId> {
    let mut left: Vec<EmployeeId> = counted.into_iter().collect();
    let mut found = HashSet::new();
    while let Some(place) = left.iter().position(|one| {
        left.len() > 1 && left.iter().all(|other| one == other || leads.contains(&(*one, *other)))
    }) {
        found.insert(left.swap_remove(place));
    }
    found
}

/// The grades shown of a record, as (number of the renewal, grade).
type Past = Vec<(i32, Option<Grade>)>;

/// Everything that readers of counts alone have been shown of a cycle so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pasts: BTreeMap<ParticipantId, Past>,
    pooled: BTreeMap<ParticipantId, bool>,
    last: i32,
}

impl Extend<ShownGrade> for History {
    /// Adds shown grades, which must be in the order of renewals.
    fn extend<I: IntoIterator<Item = ShownGrade>>(&mut self, shown: I) {
        for ShownGrade { participant, renewal, pooled, grade } in shown {
            self.pasts.entry(participant).or_default().push((renewal, grade));
            self.pooled.insert(participant, pooled);
            self.last = self.last.max(renewal);
        }
    }
}

impl FromIterator<ShownGrade> for History {
    fn from_iter<I: IntoIterator<Item = ShownGrade>>(shown: I) -> Self {
        let mut history = Self::default();
        history.extend(shown);
        history
    }
}

/// A group of records that are counted together: one department, or all departments too small to be
/// shown by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Department(Option<OrgUnitId>),
    Pooled,
}

/// The counts that a reader sees of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosure {
    /// The counts of each department; `None` where they are withheld.
    pub departments: BTreeMap<Option<OrgUnitId>, Option<Tally>>,
    /// The sum of all counts shown; `None` where none is shown.
    pub total: Option<Tally>,
    /// Number of people with a grade who count towards the quotas, by department. It is no secret,
    /// since everybody may know the state of each review.
    pub sizes: BTreeMap<Option<OrgUnitId>, u32>,
}

/// A record as it counts in an aggregate for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedRecord {
    /// The department in whose distribution the grade counts.
    pub department: Option<OrgUnitId>,
    /// The counts of this record alone.
    pub tally: Tally,
    /// Whether the reader may know what is counted of it.
    pub is_open: bool,
}

impl Disclosure {
    /// The counts of departments of which nothing is withheld.
    pub fn whole(tallies: BTreeMap<Option<OrgUnitId>, Tally>) -> Self {
        let mut shown = Self { total: Some(Tally::default()), ..Self::default() };
        for (department, tally) in tallies {
            let people = tally.present.iter().sum();
            shown.sizes.insert(department, people);
            shown.add(&tally);
            shown.departments.insert(department, Some(tally));
        }
        shown
    }

    /// The live counts of records for a reader who may read them one by one. A department with a
    /// record that is not open to the reader is withheld as a whole, and is not part of the total:
    /// what is shown depends only on records that the reader may read, so nothing else follows from
    /// it, nor from what it differs from.
    pub fn of_open(records: impl IntoIterator<Item = CountedRecord>) -> Self {
        let (mut open, mut sizes) = (BTreeMap::<_, Tally>::new(), BTreeMap::<_, u32>::new());
        let mut closed = HashSet::new();
        for CountedRecord { department, tally, is_open } in records {
            *sizes.entry(department).or_default() += tally.present.iter().sum::<u32>();
            open.entry(department).or_default().join(&tally);
            if !is_open {
                closed.insert(department);
            }
        }
        open.retain(|department, _| !closed.contains(department));
        let mut shown = Self::whole(open);
        shown.total = shown.total.filter(|_| closed.is_empty() || !shown.departments.is_empty());
        shown.departments.extend(closed.into_iter().map(|department| (department, None)));
        Self { sizes, ..shown }
    }

    fn add(&mut self, tally: &Tally) {
        self.total.get_or_insert_default().join(tally);
    }
}

fn count(tally: &mut Tally, record: &GradeRecord) {
    if record.evaluated {
        let graded = record.grade().is_some();
        let results = if graded { record.results.clone() } else { Results::default() };
        tally.add(&results, record.counts_for_quota, 1);
    }
}

impl History {
    /// The grades to add to the history, given the present records: the changes of each group in
    /// which at least `least` records have changed, unless a single grade would follow from them.
    pub fn due(&self, records: &[GradeRecord], least: usize) -> Vec<ShownGrade> {
        let next = self.last + 1;
        let mut due = Vec::new();
        for (group, members) in self.groups(records, least) {
            let changed = |record: &&GradeRecord| self.last_of(record) != record.counted();
            let changes: Vec<_> = members.iter().copied().filter(changed).collect();
            if changes.len() < least {
                continue;
            }
            let renewed = |record: &&GradeRecord| {
                let mut past = self.past(record).to_vec();
                past.extend(changed(record).then_some((next, record.counted())));
                past
            };
            if is_safe(&members.iter().map(renewed).collect::<Vec<_>>()) {
                due.extend(changes.into_iter().map(|record| ShownGrade {
                    participant: record.participant,
                    renewal: next,
                    pooled: group == Group::Pooled,
                    grade: record.counted(),
                }));
            }
        }
        due
    }

    /// The counts shown to `subject`, who may read at most some records one by one.
    pub fn shown(&self, subject: &Subject, records: &[GradeRecord], least: usize) -> Disclosure {
        let mut shown = Disclosure::default();
        for record in records {
            let size = shown.sizes.entry(record.department).or_default();
            *size += u32::from(record.counted().is_some());
            shown.departments.entry(record.department).or_default();
        }
        for (group, members) in self.groups(records, least) {
            let tally = self.tally(subject, &members, least);
            if let Some(tally) = &tally {
                shown.add(tally);
            }
            if let Group::Department(id) = group {
                shown.departments.insert(id, tally);
            }
        }
        shown
    }

    /// The counts of a group that `subject` may see; `None` where they are withheld.
    fn tally(&self, subject: &Subject, members: &[&GradeRecord], least: usize) -> Option<Tally> {
        let mut tally = Tally::default();
        let (open, closed): (Vec<_>, Vec<_>) =
            members.iter().copied().partition(|record| record.is_open_to(subject));
        let unknown: Vec<_> =
            closed.into_iter().filter(|record| !subject.may_be(record.person)).collect();
        if unknown.is_empty() {
            open.into_iter().for_each(|record| count(&mut tally, record));
            return Some(tally).filter(|_| !members.is_empty());
        }
        let covered = unknown.iter().filter(|record| self.last_of(record).is_some()).count();
        let pasts: Vec<_> = unknown.iter().map(|record| self.past(record).to_vec()).collect();
        if covered < least || !is_safe(&pasts) {
            return None;
        }
        for record in open.into_iter().chain(unknown) {
            match self.last_of(record) {
                // The grade that was shown last, even if it has changed since.
                Some(grade) => *tally.present.get_mut(grade) += 1,
                None if record.counts() => tally.ungraded += 1,
                None if record.evaluated => tally.uncounted += 1,
                None => {}
            }
        }
        Some(tally)
    }

    fn past(&self, record: &GradeRecord) -> &[(i32, Option<Grade>)] {
        self.pasts.get(&record.participant).map(Vec::as_slice).unwrap_or_default()
    }

    /// The grade last shown of a record.
    fn last_of(&self, record: &GradeRecord) -> Option<Grade> {
        self.past(record).last().and_then(|(_, grade)| *grade)
    }

    /// The records by group. A department that was once shown by itself, or once pooled, stays so:
    /// otherwise earlier counts would reveal something about later ones.
    fn groups<'r>(
        &self,
        records: &'r [GradeRecord],
        least: usize,
    ) -> BTreeMap<Group, Vec<&'r GradeRecord>> {
        let mut departments = BTreeMap::<_, Vec<&GradeRecord>>::new();
        for record in records {
            departments.entry(record.department).or_default().push(record);
        }
        let mut groups = BTreeMap::<_, Vec<&GradeRecord>>::new();
        for (department, members) in departments {
            let mut before = members.iter().filter_map(|it| self.pooled.get(&it.participant));
            let counting = members.iter().filter(|record| record.counts()).count();
            let pooled = before.next().copied().unwrap_or(counting < least);
            let group = if pooled { Group::Pooled } else { Group::Department(department) };
            groups.entry(group).or_default().extend(members);
        }
        groups
    }
}

/// Whether no single grade follows for certain from the counts of records with these pasts: at each
/// change, the records that changed at the same renewals do not all have the same grade.
fn is_safe(pasts: &[Past]) -> bool {
    let mut alike = BTreeMap::<Vec<(i32, bool)>, Vec<&Past>>::new();
    for past in pasts {
        let pattern = past.iter().map(|(renewal, grade)| (*renewal, grade.is_some())).collect();
        alike.entry(pattern).or_default().push(past);
    }
    alike.iter().all(|(pattern, pasts)| {
        let differ = |at: usize| pasts.iter().any(|past| past[at].1 != pasts[0][at].1);
        pattern.iter().enumerate().all(|(at, (_, graded))| !graded || differ(at))
    })
}

/// The common progress of several people, from 0 to 1, in steps so coarse that the progress of one
/// person does not show: tenths, or hundredths from 100 people on. Knowing the progress before and
/// after one check-in reveals at most one step.
pub fn blurred(progress: Decimal, people: i64) -> Decimal {
    let places = if people < 100 { 1 } else { 2 };
    progress.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Role;
    use crate::policy::{Grant, Principal};

    const LEAST: usize = 5;

    fn subject(role: Option<Role>, person: u128) -> Subject {
        Subject {
            tenant: Uuid::nil().into(),
            principal: Principal::Person(Uuid::from_u128(person).into()),
            employee_id: Some(Uuid::from_u128(person).into()),
            behind: Vec::new(),
            led_by: Vec::new(),
            grants: role.map(|role| Grant { role, org_unit_id: None }).into_iter().collect(),
        }
    }

    fn department(number: u128) -> Option<OrgUnitId> {
        Some(Uuid::from_u128(number).into())
    }

    /// People of departments, given by their grades and numbered from 1, who report to nobody.
    fn people(departments: &[(u128, &str)]) -> Vec<GradeRecord> {
        let grades = departments.iter().flat_map(|(at, grades)| {
            grades.chars().map(|letter| (department(*at), letter.to_string().parse().ok()))
        });
        (1_u128..)
            .zip(grades)
            .map(|(person, (department, grade))| GradeRecord {
                participant: Uuid::from_u128(person).into(),
                person: Uuid::from_u128(person).into(),
                department,
                manager: None,
                session: None,
                evaluated: true,
                counts_for_quota: true,
                state: if grade.is_some() { State::InCalibration } else { State::PendingManager },
                results: Results { computed_grade: grade, ..Results::default() },
                relations: Relations::default(),
            })
            .collect()
    }

    fn told(tally: Option<&Tally>) -> Option<String> {
        let of = |tally: &Tally| {
            let counts = tally.present.clone();
            Grade::ALL.iter().map(|grade| counts.get(*grade).to_string()).collect::<String>()
        };
        tally.map(of)
    }

    /// The counts S to D of each department and of the total, as `by` sees them.
    fn look(history: &mut History, people: &[GradeRecord], by: &Subject) -> Vec<Option<String>> {
        history.extend(history.due(people, LEAST));
        let shown = history.shown(by, people, LEAST);
        let departments = shown.departments.values().map(|tally| told(tally.as_ref()));
        departments.chain([told(shown.total.as_ref())]).collect()
    }

    fn some(counts: &str) -> Option<String> {
        Some(counts.to_owned())
    }

    #[test]
    fn what_is_closed_withholds_its_department_and_is_in_no_total() {
        let record = |at: u128, grade: Grade, is_open: bool| {
            let mut tally = Tally::default();
            let results = Results { computed_grade: Some(grade), ..Results::default() };
            tally.add(&results, true, 1);
            CountedRecord { department: department(at), tally, is_open }
        };
        let look = |records: &[CountedRecord]| {
            let shown = Disclosure::of_open(records.iter().cloned());
            let departments = shown.departments.values().map(|tally| told(tally.as_ref()));
            departments.chain([told(shown.total.as_ref())]).collect::<Vec<_>>()
        };
        let open = [record(1, Grade::A, true), record(2, Grade::B, true)];
        assert_eq!(look(&open), [some("01000"), some("00100"), some("01100")]);
        let closed = |grade| [open.to_vec(), vec![record(2, grade, false)]].concat();
        assert_eq!(look(&closed(Grade::S)), [some("01000"), None, some("01000")]);
        assert_eq!(look(&closed(Grade::S)), look(&closed(Grade::D)), "whatever the closed one is");
        assert_eq!(look(&[record(1, Grade::S, false)]), [None, None]);
        assert_eq!(look(&[]), [some("00000")], "nobody is no secret");
        let sizes = Disclosure::of_open(closed(Grade::S)).sizes;
        assert_eq!(sizes[&department(2)], 2, "how many there are may be known");
    }

    #[test]
    fn few_and_equal_records_are_withheld() {
        let executive = subject(Some(Role::Executive), 99);
        let fresh = |departments: &[(u128, &str)]| {
            look(&mut History::default(), &people(departments), &executive)
        };
        assert_eq!(fresh(&[(1, "ABCC")]), [None, None], "four");
        assert_eq!(fresh(&[(1, "ABCCB")]), [some("01220"), some("01220")], "five");
        assert_eq!(fresh(&[(1, "BBBBB")]), [None, None], "all alike");
        assert_eq!(fresh(&[(1, "ABCC?")]), [None, None], "five, of whom one has no grade");
        let small = fresh(&[(1, "ABCCB"), (2, "SD"), (3, "AAC")]);
        assert_eq!(small, [some("01220"), None, None, some("13231")], "small ones together");
        let small = fresh(&[(1, "ABCCB"), (2, "SD")]);
        assert_eq!(small, [some("01220"), None, some("01220")], "no complement");
    }

    #[test]
    fn who_knows_some_of_a_group_is_told_less() {
        let executive = subject(Some(Role::Executive), 99);
        let mut records = people(&[(1, "ABCCBA")]);
        records[0].manager = Some(Uuid::from_u128(99).into());
        let mut history = History::default();
        assert_eq!(look(&mut history, &records, &executive)[0], some("02220"), "five unknown");
        records[1].manager = Some(Uuid::from_u128(99).into());
        assert_eq!(look(&mut history, &records, &executive)[0], None, "of six, two known");
        let mut records = people(&[(1, "ABBBBB")]);
        records[0].manager = Some(Uuid::from_u128(99).into());
        let alike = look(&mut History::default(), &records, &executive);
        assert_eq!(alike[0], None, "the five unknown ones are all alike");
        for record in &mut records {
            record.manager = Some(Uuid::from_u128(99).into());
        }
        let known = look(&mut History::default(), &records, &executive);
        assert_eq!(known[0], some("01500"), "nothing is unknown");
    }

    #[test]
    fn the_own_record_is_in_no_count() {
        let executive = subject(Some(Role::Executive), 1);
        let mut history = History::default();
        assert_eq!(look(&mut history, &people(&[(1, "SBCCAB")]), &executive)[0], some("01220"));
        let mut released = people(&[(1, "SBCCAB")]);
        for record in &mut released {
            record.state = State::Published;
        }
        assert_eq!(look(&mut history, &released, &executive)[0], some("11220"), "once released");
    }

    #[test]
    fn five_changes_renew_what_is_shown_and_four_do_not() {
        let executive = subject(Some(Role::Executive), 99);
        let mut history = History::default();
        let mut look =
            |grades: &str| look(&mut history, &people(&[(1, grades)]), &executive)[0].clone();
        assert_eq!(look("ABCCBABCCB"), some("02440"));
        assert_eq!(look("SACCBABCCB"), some("02440"), "two have changed");
        assert_eq!(look("SASABABCCB"), some("02440"), "four have changed");
        assert_eq!(look("SASACABCCB"), some("23230"), "five that differed and differ");
        assert_eq!(look("SASACABCCA"), some("23230"), "one more");
    }

    #[test]
    fn changes_that_all_go_the_same_way_are_not_shown() {
        let executive = subject(Some(Role::Executive), 99);
        let mut history = History::default();
        let mut look =
            |grades: &str| look(&mut history, &people(&[(1, grades)]), &executive)[0].clone();
        assert_eq!(look("BBBBBAACCA"), some("03520"));
        assert_eq!(look("AAAAAAACCA"), some("03520"), "everybody who changed was B and is A");
        assert_eq!(look("ACACAAACCA"), some("03520"), "and everybody who changed was B");
        assert_eq!(look("ACACABACCA"), some("05140"), "one of them was A");
    }

    #[test]
    fn a_department_shown_alone_stays_so() {
        let executive = subject(Some(Role::Executive), 99);
        let mut history = History::default();
        let mut records = people(&[(1, "ABCCB"), (2, "SDCA")]);
        assert_eq!(look(&mut history, &records, &executive), [some("01220"), None, some("01220")]);
        records[4].evaluated = false;
        let after = look(&mut history, &records, &executive);
        assert_eq!(after, [some("01220"), None, some("01220")], "it does not join the small ones");
    }

    #[test]
    fn who_reads_everybody_is_not_told_counts_alone() {
        let asks = |role| reads_counts_alone(&subject(role, 1), Action::DistributionRead);
        assert!(asks(Some(Role::Executive)));
        assert!(!asks(Some(Role::HrAdmin)));
        assert!(!asks(None), "who may ask about nobody is refused elsewhere");
        let mut both = subject(Some(Role::Executive), 1);
        both.grants.push(Grant { role: Role::HrAdmin, org_unit_id: None });
        assert!(!reads_counts_alone(&both, Action::DistributionRead));
    }

    #[test]
    fn one_check_in_does_not_show_in_a_blurred_progress() {
        let of = |text: &str, people| blurred(text.parse().unwrap(), people).to_string();
        assert_eq!((of("0.5312", 8).as_str(), of("0.5500", 99).as_str()), ("0.5", "0.6"));
        assert_eq!(of("0.5312", 290), "0.53");
    }

    #[test]
    fn who_leads_all_others_counts_in_no_quota() {
        let id = |number: u128| EmployeeId::from(Uuid::from_u128(number));
        let of = |people: &[u128], leads: &[(u128, u128)]| {
            let leads = leads.iter().map(|(leader, person)| (id(*leader), id(*person))).collect();
            let mut found: Vec<_> = leaders_of_all(people.iter().map(|one| id(*one)), &leads)
                .into_iter()
                .map(|one| one.uuid().as_u128())
                .collect();
            found.sort_unstable();
            found
        };
        assert_eq!(of(&[3, 1, 2], &[(1, 2), (1, 3)]), [1]);
        assert_eq!(of(&[4, 3, 1, 2], &[(1, 2), (1, 3), (2, 3), (1, 4), (2, 4)]), [1, 2]);
        assert_eq!(of(&[1, 2, 3, 4], &[(1, 2), (1, 3)]), [0; 0], "4 could be anything");
        assert_eq!(of(&[1], &[]), [0; 0], "alone there is nobody to read");
    }
}
