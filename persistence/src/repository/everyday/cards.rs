//! Cards of many records of several nouns, in one statement.

use super::among::{OneOf, Shown, one_of};
use super::engine::Unit;
use super::{Conn, Db};
use crate::card::CardSource;
use crate::column::{Id, Key, push};
use crate::ports::{Cards, FoundCard, Mentioned, Result};
use crate::schema::CARDS;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Date, Nullable, Text};
use domain::policy::Visibility;

/// The name of the person for whom a record stands.
const NAME_OF_PERSON: &str = concat!("employee", ".name");

/// Finds cards of several nouns.
struct FindCards {
    tenant: Key,
    branches: Vec<(&'static CardSource, OneOf)>,
    people: Option<Shown>,
}

impl QueryId for FindCards {
    type QueryId = FindCards;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for FindCards {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for (number, (source, ids)) in self.branches.iter().enumerate() {
            let table = source.noun;
            out.push_sql(if number == 0 { "SELECT '" } else { " UNION ALL SELECT '" });
            out.push_sql(table);
            out.push_sql("'");
            for column in [
                source.id,
                source.name.unwrap_or(NAME_OF_PERSON),
                source.code.unwrap_or("CAST(NULL AS text)"),
                if source.name.is_none() { "employee.id" } else { "CAST(NULL AS uuid)" },
                source.state.unwrap_or("CAST(NULL AS text)"),
                source.first.unwrap_or("CAST(NULL AS date)"),
                source.last.unwrap_or("CAST(NULL AS date)"),
            ] {
                out.push_sql(", ");
                out.push_sql(column);
            }
            out.push_sql(" FROM ");
            out.push_sql(table);
            if source.name.is_none() {
                out.push_sql(" JOIN employee ON employee.tenant_id = ");
                out.push_sql(table);
                out.push_sql(".tenant_id AND employee.id = ");
                out.push_sql(table);
                out.push_sql(".employee_id");
            }
            out.push_sql(" WHERE ");
            out.push_sql(table);
            out.push_sql(".tenant_id = ");
            push(&mut out, &self.tenant)?;
            out.push_sql(" AND ");
            ids.walk_ast(out.reborrow())?;
            if let Some(shown) = self.people.as_ref().filter(|_| source.is_of_person()) {
                out.push_sql(" AND ");
                shown.walk_ast(out.reborrow())?;
            }
        }
        Ok(())
    }
}

impl Query for FindCards {
    type SqlType = (
        Text,
        Id,
        Text,
        Nullable<Text>,
        Nullable<Id>,
        Nullable<Text>,
        Nullable<Date>,
        Nullable<Date>,
    );
}

impl RunQueryDsl<Conn> for FindCards {}

type Row = (
    String,
    Key,
    String,
    Option<String>,
    Option<Key>,
    Option<String>,
    Option<NaiveDate>,
    Option<NaiveDate>,
);

impl Cards for Unit<'_> {
    fn cards(
        &mut self,
        mentioned: &Mentioned,
        people: Option<&Visibility>,
    ) -> Result<Vec<FoundCard>> {
        let branches: Vec<_> = CARDS
            .iter()
            .filter(|source| people.is_some() || !source.is_of_person())
            .filter_map(|source| {
                let ids = mentioned.get(source.noun).filter(|ids| !ids.is_empty())?;
                Some((source, one_of(source.id, ids.iter().copied())))
            })
            .collect();
        if branches.is_empty() {
            return Ok(Vec::new());
        }
        let people = people.map(|visible| self.shown("employee.id", "employee.id", visible));
        let find = FindCards { tenant: self.scope(), branches, people };
        let rows: Vec<Row> = find.load(self.conn)?;
        let card = |(noun, id, name, code, person, state, first, last): Row| FoundCard {
            noun,
            id: id.0,
            name,
            code,
            employee_id: person.map(|key| key.0),
            state,
            period: first.zip(last),
        };
        Ok(rows.into_iter().map(card).collect())
    }
}
