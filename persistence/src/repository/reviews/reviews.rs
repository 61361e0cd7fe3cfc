//! Reviews, one by one and page by page.

use super::among::condition;
use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Key, json, push, statement, to_json, units, word};
use crate::page::{Page, keyset};
use crate::ports::{Result, ReviewFilter, ReviewResults, Reviews};
use crate::schema::{calibration_member, cycle, participant, review};
use diesel::expression::is_aggregate;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use domain::core::change::Change;
use domain::core::id::ReviewId;
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::{Relations, Sealed, Visibility};
use domain::reviews::form::{Results, Review, ReviewPart};
use domain::scoring::scale::Grade;
use rust_decimal::Decimal;
use uuid::Uuid;

/// The column of the person, for [`Unit::among`].
const PERSON: &str = "participant.employee_id";
/// The column of the manager who answers for the person, for [`Unit::shown`].
const MANAGER: &str = "participant.manager_id";
/// Decimal places of every stored score.
pub const PLACES: u32 = 2;

#[derive(Queryable, Selectable)]
#[diesel(table_name = cycle)]
pub struct Frame {
    state: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = participant)]
pub struct Person {
    cycle_id: Key,
    employee_id: Key,
    manager_id: Option<Key>,
    department_id: Option<Key>,
    population: Option<String>,
    counts_for_quota: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = review)]
pub struct Parts {
    #[diesel(embed)]
    listed: Listed,
    self_review: String,
    manager_review: String,
    founded: bool,
    disagreement: Option<String>,
    acknowledged_at: Option<At>,
}

/// What a list shows of a review besides its outcome.
#[derive(Queryable, Selectable)]
#[diesel(table_name = review)]
pub struct Listed {
    participant_id: Key,
    created_at: At,
}

/// What people have written in a review; a list shows none of it.
#[derive(Default)]
struct Written {
    self_review: ReviewPart,
    manager_review: ReviewPart,
    is_founded: bool,
    disagreement: Option<String>,
    acknowledged_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = review)]
pub struct Outcome {
    id: Key,
    state: String,
    performance: Option<i64>,
    composite: Option<i64>,
    collaboration: Option<i64>,
    computed_grade: Option<String>,
    calibrated_grade: Option<String>,
    final_grade: Option<String>,
    veto_grade: Option<String>,
    session_id: Option<Key>,
    version: i32,
    updated_at: At,
}

pub fn grade(text: Option<String>) -> Result<Option<Grade>> {
    text.as_deref().map(word).transpose()
}

pub fn results((outcome, person): (Outcome, Person)) -> Result<ReviewResults> {
    let score = |units: Option<i64>| units.map(|units| Decimal::new(units, PLACES));
    Ok(ReviewResults {
        id: outcome.id.0.into(),
        employee_id: person.employee_id.0.into(),
        manager_id: person.manager_id.map(|id| id.0.into()),
        department_id: person.department_id.map(|id| id.0.into()),
        counts_for_quota: person.counts_for_quota,
        state: word(&outcome.state)?,
        session_id: outcome.session_id.map(|id| id.0.into()),
        results: Results {
            performance: score(outcome.performance),
            composite: score(outcome.composite),
            collaboration: score(outcome.collaboration),
            computed_grade: grade(outcome.computed_grade)?,
            calibrated_grade: grade(outcome.calibrated_grade)?,
            final_grade: grade(outcome.final_grade)?,
            veto_grade: grade(outcome.veto_grade)?,
        },
        version: outcome.version,
        updated_at: outcome.updated_at.0,
    })
}

pub fn entity((parts, outcome, person, frame): Found) -> Result<Review> {
    let written = Written {
        self_review: json(&parts.self_review)?,
        manager_review: json(&parts.manager_review)?,
        is_founded: parts.founded,
        disagreement: parts.disagreement,
        acknowledged_at: parts.acknowledged_at.map(|at| at.0),
    };
    review((parts.listed, outcome, person, frame), written)
}

fn review(
    (listed, outcome, mut person, frame): (Listed, Outcome, Person, Frame),
    written: Written,
) -> Result<Review> {
    let cycle_id = person.cycle_id.0.into();
    let population = person.population.take().unwrap_or_default();
    let lean = results((outcome, person))?;
    let Written { self_review, manager_review, is_founded, disagreement, acknowledged_at } =
        written;
    Ok(Review {
        id: lean.id,
        participant_id: listed.participant_id.0.into(),
        cycle_id,
        employee_id: lean.employee_id,
        manager_id: lean.manager_id,
        department_id: lean.department_id,
        population,
        counts_for_quota: lean.counts_for_quota,
        state: lean.state,
        cycle_state: word(&frame.state)?,
        self_review,
        manager_review,
        is_founded,
        results: lean.results,
        session_id: lean.session_id,
        disagreement,
        acknowledged_at,
        version: lean.version,
        created_at: listed.created_at.0,
        updated_at: lean.updated_at,
    })
}

statement! {
    /// Saves a review, guarded by its version.
    struct Update {
        state: String,
        self_review: String,
        manager_review: String,
        founded: bool,
        performance: Option<i64>,
        composite: Option<i64>,
        collaboration: Option<i64>,
        computed_grade: Option<String>,
        calibrated_grade: Option<String>,
        final_grade: Option<String>,
        veto_grade: Option<String>,
        session: Option<Key>,
        disagreement: Option<String>,
        acknowledged_at: Option<At>,
        graded_at: At,
        version: i32,
        updated_at: At,
        tenant: Key,
        id: Key,
        before: i32,
    }
    "UPDATE review SET state = " state ", self_review = " self_review
    ", manager_review = " manager_review ", founded = " founded ", performance = " performance
    ", composite = " composite ", collaboration = " collaboration
    ", computed_grade = " computed_grade ", calibrated_grade = " calibrated_grade
    ", final_grade = " final_grade ", veto_grade = " veto_grade ", session_id = " session
    ", disagreement = " disagreement ", acknowledged_at = " acknowledged_at
    ", graded_at = " graded_at ", version = " version ", updated_at = " updated_at
    " WHERE tenant_id = " tenant " AND id = " id " AND version = " before
}

statement! {
    /// Saves the drafts of both sides.
    struct Draft { self_review: String, manager_review: String, tenant: Key, id: Key, version: i32 }
    "UPDATE review SET self_review = " self_review ", manager_review = " manager_review
    " WHERE tenant_id = " tenant " AND id = " id " AND version = " version
}

pub fn score(value: Option<Decimal>) -> Result<Option<i64>> {
    value.map(|value| units(value, PLACES)).transpose()
}

pub fn letter(grade: Grade) -> String {
    grade.as_str().to_owned()
}

/// Reviews, joined with their participants and cycles.
macro_rules! joined {
    () => {
        review::table
            .inner_join(
                participant::table.on(participant::tenant_id
                    .eq(review::tenant_id)
                    .and(participant::id.eq(review::participant_id))),
            )
            .inner_join(
                cycle::table.on(cycle::tenant_id
                    .eq(participant::tenant_id)
                    .and(cycle::id.eq(participant::cycle_id))),
            )
    };
}
pub(crate) use joined;

/// Everything of a joined review.
macro_rules! whole {
    () => {
        (Parts::as_select(), Outcome::as_select(), Person::as_select(), Frame::as_select())
    };
}
pub(crate) use whole;

/// One review by its id, without a lock.
macro_rules! one {
    ($unit:expr, $id:expr) => {
        joined!()
            .filter(review::tenant_id.eq($unit.scope()))
            .filter(review::id.eq(Key($id.uuid())))
            .select(whole!())
    };
}

/// A review, and that of the manager who answers for it.
struct AndManagers {
    tenant: Key,
    id: Key,
}

impl QueryFragment<Db> for AndManagers {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        // A list of two, so that every planner looks both up by their ids.
        out.push_sql("review.id IN (");
        push(&mut out, &self.id)?;
        out.push_sql(
            ", (SELECT above.id FROM review own \
             JOIN participant p ON p.tenant_id = own.tenant_id AND p.id = own.participant_id \
             JOIN participant m ON m.tenant_id = p.tenant_id AND m.cycle_id = p.cycle_id \
             AND m.employee_id = p.manager_id \
             JOIN review above ON above.tenant_id = m.tenant_id AND above.participant_id = m.id \
             WHERE own.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND own.id = ");
        push(&mut out, &self.id)?;
        out.push_sql("))");
        Ok(())
    }
}

condition!(AndManagers);

pub type Found = (Parts, Outcome, Person, Frame);

fn sealed(row: Option<Found>) -> Result<Option<Sealed<Review>>> {
    row.map(|row| entity(row).map(Sealed::new)).transpose()
}

impl Reviews for Unit<'_> {
    fn review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>> {
        sealed(one!(self, id).get_result(self.conn).optional()?)
    }

    fn lock_review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>> {
        sealed(dialect::hold_review!(one!(self, id)).get_result(self.conn).optional()?)
    }

    fn lock_review_and_managers(
        &mut self,
        id: ReviewId,
    ) -> Result<Option<(Sealed<Review>, Option<Review>)>> {
        let both = AndManagers { tenant: self.scope(), id: Key(id.uuid()) };
        // One order for all, so that no two wait for each other.
        let found = joined!()
            .filter(review::tenant_id.eq(self.scope()))
            .filter(both)
            .order(review::id)
            .select(whole!());
        let rows: Vec<Found> = dialect::hold_review!(found).load(self.conn)?;
        let found = rows.into_iter().map(entity).collect::<Result<Vec<Review>>>()?;
        let (own, managers): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.id == id);
        Ok(own.into_iter().next().map(|own| (Sealed::new(own), managers.into_iter().next())))
    }

    fn reviews(
        &mut self,
        filter: &ReviewFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Review>, Relations)>> {
        let me = visible.myself();
        // Whoever answers for all of the reviews may see and do everything that lines and units open
        // to others, so these need not be walked for each row.
        let answering = visible.responsible().filter(|me| filter.manager_id == Some(*me));
        let by_answering = visible.narrowed_to(answering);
        let visible = by_answering.as_ref().unwrap_or(visible);
        let [direct, under, within] = self.standing(PERSON, visible);
        let compared = calibration_member::table
            .filter(calibration_member::tenant_id.eq(self.scope()))
            .filter(calibration_member::employee_id.eq(Key(me.map_or(Uuid::nil(), Uuid::from))))
            .select(calibration_member::session_id.nullable());
        let mut query = joined!()
            .filter(review::tenant_id.eq(self.scope()))
            .filter(self.shown(PERSON, MANAGER, visible))
            .select((
                Listed::as_select(),
                Outcome::as_select(),
                Person::as_select(),
                Frame::as_select(),
                direct,
                under,
                within,
                review::session_id.eq_any(compared),
            ))
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(participant::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(employee) = filter.employee_id {
            query = query.filter(participant::employee_id.eq(Key(employee.uuid())));
        }
        if let Some(manager) = filter.manager_id {
            query = query.filter(participant::manager_id.eq(Key(manager.uuid())));
        }
        if let Some(department) = filter.department_id {
            query = query.filter(participant::department_id.eq(Key(department.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(review::state.eq(state.as_str()));
        }
        type Related = (Listed, Outcome, Person, Frame, bool, bool, bool, Option<bool>);
        let rows: Vec<Related> = keyset!(query, review, page).load(self.conn)?;
        let found = rows.into_iter().map(
            |(listed, outcome, person, frame, direct_manager, chain_manager, in_units, seat)| {
                let calibrator = seat.unwrap_or_default();
                let relations = Relations { direct_manager, chain_manager, in_units, calibrator };
                let written = Written::default();
                let review = review((listed, outcome, person, frame), written)?;
                Ok((Sealed::new(review), relations))
            },
        );
        found.collect()
    }

    fn update_review(&mut self, change: Change<Review>) -> Result<()> {
        let review = change.entity;
        let update = Update {
            state: review.state.as_str().to_owned(),
            self_review: to_json(&review.self_review)?,
            manager_review: to_json(&review.manager_review)?,
            founded: review.is_founded,
            performance: score(review.results.performance)?,
            composite: score(review.results.composite)?,
            collaboration: score(review.results.collaboration)?,
            computed_grade: review.results.computed_grade.map(letter),
            calibrated_grade: review.results.calibrated_grade.map(letter),
            final_grade: review.results.final_grade.map(letter),
            veto_grade: review.results.veto_grade.map(letter),
            session: review.session_id.map(|id| Key(id.uuid())),
            disagreement: review.disagreement,
            acknowledged_at: review.acknowledged_at.map(At),
            graded_at: At(self.now()),
            version: review.version,
            updated_at: At(review.updated_at),
            tenant: self.scope(),
            id: Key(review.id.uuid()),
            before: review.version - 1,
        };
        let saved = update.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn save_drafts(&mut self, change: Change<Review>) -> Result<()> {
        let review = change.entity;
        let draft = Draft {
            self_review: to_json(&review.self_review)?,
            manager_review: to_json(&review.manager_review)?,
            tenant: self.scope(),
            id: Key(review.id.uuid()),
            version: review.version,
        };
        let saved = draft.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
