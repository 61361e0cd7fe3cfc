//! What aggregates over grades that are not released may tell (rule 13 of the access model).
//!
//! Who may read all other records of a cycle one by one is told live counts of them; a record about
//! oneself is in no count until it is released. Who may read none or only some is told counts of
//! groups by a [`History`] of renewals: a group is shown when it covers enough records that the
//! reader does not know, and is renewed when enough of them have changed. Nothing follows for
//! certain from what is shown, at one time or over time: every record that the reader does not know
//! has another one in its group which changed at the same renewals and had another grade at each of
//! them. Exchange the two, and everything that was ever shown stays as it is.

use crate::core::id::{CalibrationSessionId, EmployeeId, OrgUnitId, ParticipantId};
use crate::policy::{Action, Relations, Stage, Subject, Target, decide};
use crate::reviews::distribution::Tally;
use crate::reviews::form::Results;
use crate::scoring::scale::Grade;
use crate::state::review::State;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// The result of one person as aggregates count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradeRecord {
    /// The person in the cycle.
    pub participant: ParticipantId,
    /// The person.
    pub person: EmployeeId,
    /// The group in which grades are distributed.
    pub department: Option<OrgUnitId>,
    /// Who answers for the review.
    pub manager: Option<EmployeeId>,
    /// The session that compares the grade.
    pub session: Option<CalibrationSessionId>,
    /// Whether the person is evaluated; who is taken out keeps the record.
    pub evaluated: bool,
    /// Whether the person counts towards the quotas now.
    pub counts_for_quota: bool,
    /// Where the review is.
    pub state: State,
    /// What came of it so far.
    pub results: Results,
    /// How the reader stands to the person.
    pub relations: Relations,
}

impl GradeRecord {
    /// Whether somebody may read this very grade.
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

    /// The grade as it stands; none while the rating is written.
    pub fn grade(&self) -> Option<Grade> {
        let written = self.state.rating_stage() != Stage::Draft;
        self.results.present_grade().filter(|_| written)
    }

    /// Whether the grade counts towards the quotas, once there is one.
    fn counts(&self) -> bool {
        self.evaluated && self.counts_for_quota
    }

    /// The grade, if it counts towards the quotas.
    fn counted(&self) -> Option<Grade> {
        self.grade().filter(|_| self.counts())
    }
}

/// Whether somebody who may ask for `action` about everybody may read single grades of some people at
/// most, and of the others counts alone.
pub fn reads_counts_alone(subject: &Subject, action: Action) -> bool {
    may_of_anyone(subject, action, None) && !reads_every_grade(subject)
}

/// Whether somebody may read the grades of everybody else one by one before release.
pub fn reads_every_grade(subject: &Subject) -> bool {
    may_of_anyone(subject, Action::RatingRead, Some(Stage::Submitted))
}

fn may_of_anyone(subject: &Subject, action: Action, stage: Option<Stage>) -> bool {
    let anyone = Target { id: Uuid::max(), about: Some(Uuid::max().into()), ..Target::default() };
    decide(subject, action, &Target { stage, ..anyone }).permit.is_some()
}

/// The grade that readers of counts alone are shown of a record from a renewal on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownGrade {
    /// The record.
    pub participant: ParticipantId,
    /// Number of the renewal, from 1.
    pub renewal: i32,
    /// Whether its department was too small to be shown alone.
    pub pooled: bool,
    /// The grade; none if the record counts no more.
    pub grade: Option<Grade>,
}

/// Of people who count towards the same quotas, those who count towards none because they lead all
/// others: from a quota less the grades they may read, their own would follow. Without them the next
/// ones may lead all who are left. `leads` are pairs of a manager, at any height, and a person.
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

/// What was shown of a record, renewal by renewal.
type Past = Vec<(i32, Option<Grade>)>;

/// Everything that readers of counts alone have been shown of a cycle so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pasts: BTreeMap<ParticipantId, Past>,
    pooled: BTreeMap<ParticipantId, bool>,
    last: i32,
}

impl Extend<ShownGrade> for History {
    /// Adds what was shown, in the order of renewals.
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

/// Records that are counted together: a department, or all departments too small to be shown alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Department(Option<OrgUnitId>),
    Pooled,
}

/// What a reader is shown of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosure {
    /// Each department; none where it is withheld.
    pub departments: BTreeMap<Option<OrgUnitId>, Option<Tally>>,
    /// Everything that is shown, together; none where nothing is.
    pub total: Option<Tally>,
    /// People with a grade who count towards the quotas, by department: no secret, since it is known
    /// where each review is.
    pub sizes: BTreeMap<Option<OrgUnitId>, u32>,
}

impl Disclosure {
    /// What there is to show of departments of which nothing is withheld.
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
    /// What is to be added to the history because of how the records are now: the changes of each
    /// group of which at least `least` records have changed, unless a grade would follow from them.
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

    /// What somebody is shown who may read some records one by one at most.
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

    /// The counts of a group as somebody may know them.
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
                // As it was shown last, whatever has become of it since.
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

    /// The records by group. Once shown alone or together with others, a department stays so: what
    /// was shown before would otherwise tell of what comes after.
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

/// Whether no grade follows for certain from the counts of records with these pasts: at each change,
/// those that changed at the same renewals do not all have the same grade.
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

/// A progress (0..1) of several people together, in steps in which that of one of them does not
/// show: in tenths, or from a hundred people on in hundredths. What it was before somebody has
/// checked in tells no more than a step.
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

    /// People of departments by their grades, from person 1 on, who report to nobody.
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

    /// The counts S to D of a department, and of all together, as an executive is told them.
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
