//! Many measurements at once, beside the bulk path of the engine.

use crate::engine::Engine;
use crate::product::{File, Product};
use crate::raw::{self, Driver, Stock};
use crate::report::{BULK, Comparison, Section};
use crate::suite::rate;
use crate::{Options, Result, people, wait};
use serde::Serialize;
use uuid::Uuid;

const MEASUREMENTS: &str = "/v1/measurements/bulk";
/// Most measurements in one import.
const MOST_ROWS: usize = 100_000;

/// A row of the bulk report of measurements.
#[derive(Serialize)]
struct MeasurementRow {
    goal_id: Uuid,
    period_start: &'static str,
    source: &'static str,
    external_id: &'static str,
    value: String,
}

/// What an import wrote, ready to be written again: each table with its rows.
struct Written(Vec<(&'static str, Stock)>);

/// Rows that change are put into temporary tables, and merged from there.
const CHANGING: &str = "
    CREATE TEMPORARY TABLE goal_measured AS
        SELECT tenant_id, id, progress, version, updated_at FROM goal WHERE 1 = 0;
    CREATE TEMPORARY TABLE ledger_moved AS
        SELECT tenant_id, audit_position, audit_hash, event_position FROM ledger WHERE 1 = 0;";
const MERGE: &str = "
    UPDATE goal SET progress = m.progress, version = m.version, updated_at = m.updated_at
      FROM goal_measured m WHERE goal.tenant_id = m.tenant_id AND goal.id = m.id;
    UPDATE ledger SET audit_position = m.audit_position, audit_hash = m.audit_hash,
                      event_position = m.event_position
      FROM ledger_moved m WHERE ledger.tenant_id = m.tenant_id;
    DROP TABLE goal_measured;
    DROP TABLE ledger_moved;";

impl Written {
    /// Reads what was written after the state of another database, which this one is a copy of.
    fn since(before: &mut dyn Driver, after: &mut dyn Driver) -> Result<Self> {
        let (audit, event) = before.positions()?;
        let mut tables = Vec::new();
        for (table, rows) in [
            (
                "measurement",
                "SELECT * FROM measurement WHERE external_id = 'm2' ORDER BY id".to_owned(),
            ),
            (
                "goal_measured",
                "SELECT tenant_id, id, progress, version, updated_at FROM goal g \
                 WHERE EXISTS (SELECT 1 FROM measurement m WHERE m.tenant_id = g.tenant_id \
                 AND m.goal_id = g.id AND m.external_id = 'm2') ORDER BY id"
                    .to_owned(),
            ),
            (
                "audit_entry",
                format!("SELECT * FROM audit_entry WHERE position > {audit} ORDER BY position"),
            ),
            (
                "audit_detail",
                format!("SELECT * FROM audit_detail WHERE position > {audit} ORDER BY position"),
            ),
            ("event", format!("SELECT * FROM event WHERE position > {event} ORDER BY position")),
            (
                "ledger_moved",
                "SELECT tenant_id, audit_position, audit_hash, event_position FROM ledger"
                    .to_owned(),
            ),
        ] {
            tables.push((table, after.take(&rows)?));
        }
        Ok(Self(tables))
    }

    /// Writes the same rows, in one transaction.
    fn write(&self, driver: &mut dyn Driver) -> Result<()> {
        driver.run("BEGIN")?;
        driver.run(CHANGING)?;
        for (table, rows) in &self.0 {
            driver.put(table, rows)?;
        }
        driver.run(MERGE)?;
        driver.run("COMMIT")
    }
}

/// Reports a measurement of every goal of the open cycle in the database `cycle`, as long as one
/// import takes it, and writes the same rows by the bulk path of the engine into a copy.
pub fn reported(
    engine: &Engine,
    cycle: &str,
    options: &Options,
    section: &mut Section,
) -> Result<()> {
    let mut before = raw::connect(&engine.url(cycle))?;
    let mut goals = before.ids(raw::ACTIVE_GOALS)?;
    goals.truncate(MOST_ROWS);
    let beside = format!("{}, with the same records", before.ways()[0]);
    // PostgreSQL copies no database to which anybody is connected.
    drop(before);
    let body = people::ndjson(goals.iter().enumerate().map(|(number, goal_id)| MeasurementRow {
        goal_id: *goal_id,
        period_start: "2026-03-01",
        source: "crm",
        external_id: "m2",
        value: format!("{}.50", 800 + number % 700),
    }));
    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..options.bulk_rounds {
        engine.copy(cycle, "measured")?;
        engine.copy(cycle, "measured_bare")?;
        let product = wait(Product::serve(&engine.url("measured")))?;
        product.server.forget_peak()?;
        let report =
            |outcome| wait(product.import(MEASUREMENTS, File::ndjson(&body), outcome, goals.len()));
        ours.push(rate(goals.len(), || report("created"))?);
        peak = product.server.peak()?.max(peak);
        let mut after = raw::connect(&engine.url("measured"))?;
        let mut driver = raw::connect(&engine.url("measured_bare"))?;
        let written = Written::since(&mut *driver, &mut *after)?;
        // What is reported again changes nothing.
        report("unchanged")?;
        drop(product);
        theirs.push(rate(goals.len(), || written.write(&mut *driver))?);
        for rows in ["SELECT * FROM goal ORDER BY id", "SELECT * FROM measurement ORDER BY id"] {
            if after.take(rows)? != driver.take(rows)? {
                return Err(format!("the two sides do not hold the same: {rows}").into());
            }
        }
        drop((after, driver));
        engine.remove("measured");
        engine.remove("measured_bare");
    }
    section.memory.push(("most during the bulk report of measurements", peak));
    section.comparisons.push(Comparison {
        what: "bulk report of measurements, all new",
        unit: "rows/s",
        ours,
        beside,
        theirs,
        bar: Some(BULK),
    });
    Ok(())
}
