//! Decides which counts of grades a reader is shown, and renews the counts for readers who may see
//! only counts (rule 13 of the access model).

use crate::platform::caller::{Actor, Caller, system_context};
use crate::platform::refusal::Refusal;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId};
use domain::cycles::cycle::stage;
use domain::policy::{Action, Stage, visibility};
use domain::reviews::aggregate::{Disclosure, reads_counts_alone};
use domain::reviews::distribution::Tally;
use domain::state::cycle::State;
use persistence::{Alike, Store};
use std::collections::{BTreeMap, HashSet};

/// The grades of a cycle that a reader is shown.
pub struct DisclosedGrades {
    /// The counts.
    pub disclosure: Disclosure,
    /// Whether these are the counts of the last renewal, for a reader who may not read single
    /// records.
    pub in_counts_alone: bool,
    /// The cycle, if enough has changed for a renewal.
    pub due: Option<CycleId>,
}

/// A cycle whose grades are shown.
#[derive(Clone, Copy)]
pub struct Graded {
    /// Id of the cycle.
    pub cycle: CycleId,
    /// State of the cycle.
    pub state: State,
    /// Minimum number of records in a count shown to readers who may not read the records.
    pub min_shown: u32,
}

impl Graded {
    fn least(&self) -> usize {
        usize::try_from(self.min_shown).unwrap_or(usize::MAX)
    }
}

/// The grades of a cycle, as far as the caller may know them; `action` is what the caller asks for.
/// Before release, no count includes the caller's own result.
pub fn grades(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    graded: &Graded,
) -> Result<DisclosedGrades, Refusal> {
    let subject = &actor.subject;
    let released = stage(graded.state) == Stage::Released;
    if released || !reads_counts_alone(subject, action) {
        let counts = people(store, actor, action, graded.cycle)?;
        let disclosure = Disclosure::whole(tallies(&counts));
        return Ok(DisclosedGrades { disclosure, in_counts_alone: false, due: None });
    }
    let overseers = store.overseers(graded.cycle, actor.today)?;
    let records = store.grade_records(graded.cycle, subject, actor.today, &overseers)?;
    let history = store.shown_grades(graded.cycle)?;
    let due = !history.due(&records, graded.least()).is_empty();
    Ok(DisclosedGrades {
        disclosure: history.shown(subject, &records, graded.least()),
        in_counts_alone: true,
        due: due.then_some(graded.cycle),
    })
}

/// Counts of the people of a cycle that the caller may ask about. The records of the caller and of
/// the manager responsible for the caller's review are included only after release.
pub fn people(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    cycle: CycleId,
) -> Result<Vec<Alike>, Refusal> {
    let shown = visibility(&actor.subject, action, actor.today)?;
    let overseers = store.overseers(cycle, actor.today)?;
    let closed: Vec<EmployeeId> = actor.subject.closed().collect();
    Ok(store.alike(cycle, &shown, &closed, &overseers)?)
}

/// The people who count towards no quota: see [`persistence::Aggregates::overseers`].
pub fn overseers(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
) -> Result<HashSet<EmployeeId>, Refusal> {
    Ok(store.overseers(cycle, actor.today)?)
}

/// Number of reviews, of one session or the whole cycle, that would get a final S or D without
/// evidence. People who could infer their own grade from this number are not counted.
pub fn grades_unfounded(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
    session: Option<CalibrationSessionId>,
) -> Result<u64, Refusal> {
    let mut apart = store.overseers(cycle, actor.today)?;
    apart.extend(actor.subject.closed());
    Ok(store.grades_unfounded(cycle, session, &apart)?)
}

fn tallies(counts: &[Alike]) -> BTreeMap<Option<domain::core::id::OrgUnitId>, Tally> {
    let mut tallies = BTreeMap::<_, Tally>::new();
    let evaluated = counts.iter().filter(|alike| alike.evaluated && alike.state.is_some());
    for Alike { department, counts_for_quota, results, people, .. } in evaluated {
        let tally = tallies.entry(department.as_ref().map(|(id, _)| *id)).or_default();
        tally.add(results, *counts_for_quota, u32::try_from(*people).unwrap_or(u32::MAX));
    }
    tallies
}

/// Renews the counts of a cycle for readers who may see only counts. The next reader gets them.
/// Until then, and if the renewal fails, the previous counts are shown.
pub async fn renew(caller: &Caller, graded: Graded) {
    let actor = caller.actor.clone();
    let context = system_context(actor.subject.tenant, caller.app.clock.now());
    let renewed = caller.app.db.write(context, move |store: &mut dyn Store| {
        // Renewals run one at a time; a second one finds nothing left to do.
        store.lock_cycle(graded.cycle)?;
        let overseers = store.overseers(graded.cycle, actor.today)?;
        let subject = &actor.subject;
        let records = store.grade_records(graded.cycle, subject, actor.today, &overseers)?;
        let due = store.shown_grades(graded.cycle)?.due(&records, graded.least());
        Ok::<_, Refusal>(store.show_grades(graded.cycle, &due)?)
    });
    if let Err(error) = renewed.await {
        log::warn!("the disclosed counts of grades were not renewed: {error}");
    }
}
