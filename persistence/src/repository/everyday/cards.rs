//! Cards of many records of several kinds, in one statement.

use super::among::{OneOf, Shown, one_of};
use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{Id, Key, push, word};
use crate::ports::{Cards, FoundCard, Mentioned, Result};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Date, Nullable, Text};
use domain::core::text::TextEnum;
use domain::everyday::card::CardKind;
use domain::policy::Visibility;

/// How the cards of a kind are read: columns, and everything behind them before the tenant.
struct Source {
    id: &'static str,
    name: &'static str,
    code: Option<&'static str>,
    /// The person; a card with one is shown only with the person, and so is that of an employee.
    employee_id: Option<&'static str>,
    period: Option<&'static str>,
    from: &'static str,
}

/// None of goals.
fn source(kind: CardKind) -> Option<Source> {
    let plain = Source {
        id: "",
        name: "employee.name",
        code: None,
        employee_id: None,
        period: None,
        from: "",
    };
    Some(match kind {
        CardKind::Account => Source {
            id: "account.id",
            employee_id: Some("employee.id"),
            from: "account JOIN employee ON employee.tenant_id = account.tenant_id \
                   AND employee.id = account.employee_id WHERE account.tenant_id = ",
            ..plain
        },
        CardKind::Cycle => Source {
            id: "cycle.id",
            name: "cycle.name",
            code: Some("cycle.state"),
            period: Some("cycle.period_start, cycle.period_end"),
            from: "cycle WHERE cycle.tenant_id = ",
            ..plain
        },
        CardKind::Employee => Source {
            id: "employee.id",
            code: Some("employee.employee_number"),
            from: "employee WHERE employee.tenant_id = ",
            ..plain
        },
        CardKind::Goal => return None,
        CardKind::OrgUnit => Source {
            id: "org_unit.id",
            name: "org_unit.name",
            code: Some("org_unit.code"),
            from: "org_unit WHERE org_unit.tenant_id = ",
            ..plain
        },
        CardKind::Participant => Source {
            id: "participant.id",
            employee_id: Some("employee.id"),
            from: "participant JOIN employee ON employee.tenant_id = participant.tenant_id \
                   AND employee.id = participant.employee_id WHERE participant.tenant_id = ",
            ..plain
        },
        CardKind::Policy => Source {
            id: "policy.id",
            name: "policy.name",
            code: Some("policy.code"),
            from: "policy WHERE policy.tenant_id = ",
            ..plain
        },
        CardKind::Position => Source {
            id: "position.id",
            name: "position.title",
            code: Some("position.code"),
            from: "position WHERE position.tenant_id = ",
            ..plain
        },
    })
}

impl Source {
    fn is_of_person(&self) -> bool {
        self.name == "employee.name"
    }
}

/// Finds cards of several kinds.
struct FindCards {
    tenant: Key,
    branches: Vec<(CardKind, Source, OneOf)>,
    people: Option<Shown>,
}

impl QueryId for FindCards {
    type QueryId = FindCards;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for FindCards {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for (number, (kind, source, ids)) in self.branches.iter().enumerate() {
            out.push_sql(if number == 0 { "SELECT '" } else { " UNION ALL SELECT '" });
            out.push_sql(kind.as_str());
            out.push_sql("'");
            for column in [
                source.id,
                source.name,
                source.code.unwrap_or("CAST(NULL AS text)"),
                source.employee_id.unwrap_or("CAST(NULL AS uuid)"),
                source.period.unwrap_or("CAST(NULL AS date), CAST(NULL AS date)"),
            ] {
                out.push_sql(", ");
                out.push_sql(column);
            }
            out.push_sql(" FROM ");
            out.push_sql(source.from);
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
    type SqlType = (Text, Id, Text, Nullable<Text>, Nullable<Id>, Nullable<Date>, Nullable<Date>);
}

impl RunQueryDsl<Conn> for FindCards {}

type Row = (String, Key, String, Option<String>, Option<Key>, Option<NaiveDate>, Option<NaiveDate>);

impl Cards for Unit<'_> {
    fn cards(&mut self, named: &Mentioned, people: Option<&Visibility>) -> Result<Vec<FoundCard>> {
        let branches: Vec<_> = named
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .filter_map(|(kind, ids)| {
                let source = source(*kind)?;
                let ids = one_of(source.id, ids.iter().copied());
                Some((*kind, source, ids))
            })
            .filter(|(_, source, _)| people.is_some() || !source.is_of_person())
            .collect();
        if branches.is_empty() {
            return Ok(Vec::new());
        }
        let people = people.map(|visible| self.shown("employee.id", "employee.id", visible));
        let find = FindCards { tenant: self.scope(), branches, people };
        let rows: Vec<Row> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(kind, id, name, code, person, first, last)| {
                Ok(FoundCard {
                    kind: word(&kind)?,
                    id: id.0,
                    name,
                    code,
                    employee_id: person.map(|key| key.0),
                    period: first.zip(last),
                })
            })
            .collect()
    }
}
