//! What a reader is told of the grades of a cycle, and how what readers of counts alone are told is
//! renewed (rule 13 of the access model).

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

/// The grades of a cycle as somebody is told them.
pub struct Told {
    /// The counts.
    pub disclosure: Disclosure,
    /// Whether they are those of the last renewal, of records that may not be read one by one.
    pub in_counts_alone: bool,
    /// The cycle, if enough has changed for a renewal.
    pub due: Option<CycleId>,
}

/// The cycle whose grades are told.
#[derive(Clone, Copy)]
pub struct Graded {
    /// Its id.
    pub cycle: CycleId,
    /// Where it is.
    pub state: State,
    /// Fewest records that are counted for somebody who may not read them.
    pub min_shown: u32,
}

impl Graded {
    fn least(&self) -> usize {
        usize::try_from(self.min_shown).unwrap_or(usize::MAX)
    }
}

/// The grades of a cycle as far as the caller may know them. `action` is what lets the caller ask.
/// Nobody is told a count with the own result in it before that is released.
pub fn grades(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    graded: &Graded,
) -> Result<Told, Refusal> {
    let subject = &actor.subject;
    let released = stage(graded.state) == Stage::Released;
    if released || !reads_counts_alone(subject, action) {
        let counts = people(store, actor, action, graded.cycle)?;
        let disclosure = Disclosure::whole(tallies(&counts));
        return Ok(Told { disclosure, in_counts_alone: false, due: None });
    }
    let overseers = store.overseers(graded.cycle, actor.today)?;
    let records = store.grade_records(graded.cycle, subject, actor.today, &overseers)?;
    let history = store.shown_grades(graded.cycle)?;
    let due = !history.due(&records, graded.least()).is_empty();
    Ok(Told {
        disclosure: history.shown(subject, &records, graded.least()),
        in_counts_alone: true,
        due: due.then_some(graded.cycle),
    })
}

/// The people of a cycle whom the caller may ask about, counted; the own record, and that of whoever
/// leads the caller, once released.
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

/// Who counts towards no quota: see [`persistence::Aggregates::overseers`].
pub fn overseers(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
) -> Result<HashSet<EmployeeId>, Refusal> {
    Ok(store.overseers(cycle, actor.today)?)
}

/// Reviews, of one session or of all the cycle, that would get a final S or D without evidence. Those
/// about whoever could tell their own grade from it are not among them.
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

/// Renews what readers of counts alone are told of a cycle. Whoever asks next is told it; until then,
/// and if it fails, what was told before holds.
pub async fn renew(caller: &Caller, graded: Graded) {
    let actor = caller.actor.clone();
    let context = system_context(actor.subject.tenant, caller.app.clock.now());
    let renewed = caller.app.db.write(context, move |store: &mut dyn Store| {
        // One renewal after the other: the second one finds nothing to do.
        store.lock_cycle(graded.cycle)?;
        let overseers = store.overseers(graded.cycle, actor.today)?;
        let subject = &actor.subject;
        let records = store.grade_records(graded.cycle, subject, actor.today, &overseers)?;
        let due = store.shown_grades(graded.cycle)?.due(&records, graded.least());
        Ok::<_, Refusal>(store.show_grades(graded.cycle, &due)?)
    });
    if let Err(error) = renewed.await {
        log::warn!("what readers of counts are told was not renewed: {error}");
    }
}
