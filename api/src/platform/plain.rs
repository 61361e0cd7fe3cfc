//! Transitions of plain records: of those that are found, locked and saved like all others, and move
//! by one signature at a time.

use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::{Answered, Reply};
use crate::platform::seen::Seen;
use crate::platform::signing::Signing;
use crate::platform::transition::{Event, Findings, Passage, Transition};
use crate::platform::words::{Told, Word};
use domain::core::change::{Change, Record as Entry, Versioned};
use domain::policy::{Action, Protected, Sealed, Shown, Target, Visibility, decide};
use domain::state::{EventOf, Machine, Moving, Seat, Seating};
use persistence::{Finds, Store, Updates};
use serde::Serialize;
use uuid::Uuid;

/// What a client asks to be done to a plain record.
#[derive(Clone, Debug)]
pub struct Asked<I, V> {
    /// Id of the record.
    pub id: I,
    /// What the caller has seen of it (If-Match).
    pub seen: Seen,
    /// What is to be done.
    pub verb: V,
    /// What the caller says about it, such as a reason; empty where nothing is said.
    pub said: String,
}

impl Caller {
    /// Has a record moved as the caller asks who has read its present version; `said` is what the body
    /// says, if there is one.
    pub async fn ask<I: From<Uuid>, V, T, R>(
        &self,
        id: PathId,
        verb: V,
        said: Option<Body<String>>,
        step: impl FnOnce(Asked<I, V>) -> T,
    ) -> Answered
    where
        T: Transition<Output = Reply<R>> + Send + 'static,
        R: Serialize + 'static,
    {
        let digest = said.as_ref().map(|body| body.digest);
        let said = said.map(|body| body.value).unwrap_or_default();
        let asked = Asked { id: id.0.into(), seen: self.seen()?, verb, said };
        self.transit(digest, step(asked)).await
    }
}

/// A plain record that is about to move, with what was locked before it.
pub struct Held<T: Plain> {
    /// The record.
    pub record: T::Record,
    /// What the record depends on.
    pub around: T::Around,
    /// How the caller stands to the record.
    pub target: Target,
    /// The rule that permits the transition.
    pub rule: &'static str,
}

/// The verbs of a plain record.
pub type VerbOf<T> = <<T as Plain>::Record as Moving>::Verb;
/// The facts about a plain record.
pub type FactsOf<T> = <<<T as Plain>::Record as Moving>::State as Machine>::Facts;
/// The guards of a plain record.
pub type GuardOf<T> = <<<T as Plain>::Record as Moving>::State as Machine>::Guard;

/// The facts about a plain record, and what to report in place of a failing guard.
pub type Looked<T> = (FactsOf<T>, Vec<(GuardOf<T>, Vec<Violation>)>);

/// A noun whose records are plain. It says what is particular to it; everything else is the same for
/// all, and offers come from the tables and seats by which requests are decided.
pub trait Plain: Sized {
    /// Id of a record.
    type Id: Copy + Into<Uuid>;
    /// The record.
    type Record: Moving<State: Word, Verb: Word> + Versioned + Protected + Clone;
    /// What a transition depends on and locks before the record.
    type Around;
    /// What clients see of a record.
    type View: Serialize;

    /// The action that reads a record.
    const READING: Action;

    /// The actions of the policy of which a verb takes one.
    fn actions(verb: VerbOf<Self>) -> &'static [Action];

    /// The seats of somebody who may do what `may` says.
    fn seats(may: &dyn Fn(Action) -> bool) -> Vec<Seat>;

    /// What the caller signs by a transition that separates two people: a second one is taken only
    /// from another person than the first. None of other transitions.
    fn signing(_: VerbOf<Self>, _: Self::Id) -> Option<Signing<'static>> {
        None
    }

    /// Locks what a transition of the record depends on.
    fn around(
        store: &mut dyn Store,
        actor: &Actor,
        record: &Self::Record,
    ) -> Result<Self::Around, Refusal>;

    /// Collects the facts that the guards need, and what to report in place of a failing guard.
    fn look(
        store: &mut dyn Store,
        actor: &Actor,
        asked: &Asked<Self::Id, VerbOf<Self>>,
        held: &Held<Self>,
    ) -> Result<Looked<Self>, Refusal>;

    /// Applies a transition: everything that changes in the record but version and time, what is
    /// recorded of it, and what follows elsewhere.
    fn apply(
        store: &mut dyn Store,
        actor: &Actor,
        asked: &Asked<Self::Id, VerbOf<Self>>,
        held: &Held<Self>,
        event: EventOf<Self::Record>,
        to: <Self::Record as Moving>::State,
    ) -> Result<(Self::Record, Entry), Refusal>;

    /// The record with its version raised.
    fn changed(record: Self::Record, actor: &Actor) -> Self::Record;

    /// The record as far as `actor`, who stands to it as `target` says, sees it.
    fn view(actor: &Actor, shown: &Shown<Self::Record>, target: &Target) -> Self::View;
}

/// How somebody is seated towards a record to which they stand as `target` says.
pub fn seating<T: Plain>(actor: &Actor, target: &Target) -> Seating<EventOf<T::Record>> {
    let may = |action| decide(&actor.subject, action, target).permit.is_some();
    Seating::new(actor.subject.principal.id(), T::seats(&may))
}

/// What somebody who stands to a record as `target` says may do to it now.
pub fn allowed_actions<T: Plain>(
    actor: &Actor,
    record: &T::Record,
    target: &Target,
) -> Vec<VerbOf<T>> {
    let may = |action: &Action| decide(&actor.subject, *action, target).permit.is_some();
    record.offered(&seating::<T>(actor, target), |verb| T::actions(verb).iter().any(may))
}

/// The rows of a list that `visible` shows, as the caller sees them.
pub fn views<T: Plain>(
    actor: &Actor,
    visible: &Visibility,
    rows: Vec<Sealed<T::Record>>,
) -> Vec<T::View> {
    let view = |sealed: Sealed<T::Record>| {
        let target = sealed.target(actor.today);
        T::view(actor, &visible.show(&actor.subject, T::READING, sealed, &target), &target)
    };
    rows.into_iter().map(view).collect()
}

/// A requested transition of a plain record.
pub struct Asking<T: Plain>(pub Asked<T::Id, VerbOf<T>>);

impl<T: Plain> Transition for Asking<T>
where
    for<'s> dyn Store + 's: Finds<T::Id, T::Record> + Updates<T::Record>,
{
    type State = <T::Record as Moving>::State;
    type Opened = Held<T>;
    type Found = ();
    type Output = Reply<T::View>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Held<T>, Refusal> {
        let sealed: Option<Sealed<T::Record>> = store.find(self.0.id)?;
        let sealed = sealed.ok_or(Refusal::NotFound)?;
        let mut target = sealed.target(actor.today);
        target.relations = actor.relations(store, &target, actor.today)?;
        let action = actor.permitted(T::actions(self.0.verb), &target);
        let (seen, permit, target) =
            actor.open_related(store, action, Some(sealed), actor.today)?;
        let around = T::around(store, actor, &seen)?;
        let sealed: Option<Sealed<T::Record>> = store.lock(self.0.id)?;
        let record = sealed.ok_or(Refusal::NotFound)?.open(&permit)?;
        Ok(Held { record, around, target, rule: permit.rule() })
    }

    fn check_seen(&self, _: &Actor, held: &Held<T>) -> Result<(), Refusal> {
        self.0.seen.check(held.record.version())
    }

    fn state(&self, held: &Held<T>) -> Self::State {
        held.record.state()
    }

    fn event(&self) -> Option<Event<Self>> {
        T::Record::events(self.0.verb).first().copied()
    }

    fn is_possible(&self, held: &Held<T>) -> bool {
        held.record.lets(self.0.verb)
    }

    fn offered(&self, actor: &Actor, held: &Held<T>) -> Vec<Told> {
        Told::all(allowed_actions::<T>(actor, &held.record, &held.target))
    }

    fn seating(&self, actor: &Actor, held: &Held<T>) -> Seating<Event<Self>> {
        seating::<T>(actor, &held.target)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        held: &mut Held<T>,
    ) -> Result<Findings<Self>, Refusal> {
        let (facts, instead) = T::look(store, actor, &self.0, held)?;
        let mut findings = Findings::new(facts, ());
        for (guard, violations) in instead {
            findings.say_instead(guard, violations);
        }
        Ok(findings)
    }

    fn signing(&self, _: &Held<T>, _: &FactsOf<T>, _: Seat, _: bool) -> Option<Signing<'static>> {
        T::signing(self.0.verb, self.0.id)
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<T::View>, Refusal> {
        let Passage { opened: held, event, to, .. } = passage;
        let (after, entry) = T::apply(store, actor, &self.0, &held, event, to)?;
        let after = T::changed(after, actor);
        let id: Uuid = self.0.id.into();
        store
            .update(Change::new(after.clone(), entry))
            .map_err(|error| Refusal::taken(error, "", &id.to_string()))?;
        let (version, target) = (after.version(), held.target);
        let shown = Shown::to(&actor.subject, T::READING, after, &target);
        Ok(Reply::changed(T::view(actor, &shown, &target), version))
    }
}

/// What was said, unless it is blank.
pub fn said(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.trim().is_empty())
}
