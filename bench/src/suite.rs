//! What is measured on an engine, and in what order.

use crate::bare;
use crate::engine::Engine;
use crate::load::{Target, Work, drive};
use crate::people::{self, Person};
use crate::product::{self, Product};
use crate::raw;
use crate::report::{Answers, BULK, Comparison, REQUESTS, Section};
use crate::server::Server;
use crate::{Options, Part, Result, wait};
use std::process::Command;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Connections that read, as Evenhand has them by default.
const READERS: &str = "8";
/// Requests in which everybody is imported.
const PARTS: usize = 2;

const EMPLOYEES: &str = "/v1/employees/bulk";
const UNITS: &str = "/v1/org-units/bulk";

/// Measures everything on one engine.
pub fn run(engine: &Engine, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    engine.create("base");
    product::found(&engine.url("base"))?;
    let product = wait(Product::serve(&engine.url("base")))?;
    wait(product.import(UNITS, &people::units_ndjson(), "created", people::UNITS))?;
    drop(product);
    let company = people::people(options.people);

    section.engine = raw::connect(&engine.url("base"))?.version()?;
    imports(engine, options, &company, &mut section)?;
    engine.copy("ours", "bare")?;
    if options.wants(Part::Export) {
        exports(engine, options, company.len(), &mut section)?;
    }
    requests(engine, options, &mut section)?;
    Ok(section)
}

/// Times some work; how much of it was done in a second.
fn rate(rows: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(rows as f64 / start.elapsed().as_secs_f64())
}

/// Everybody is new, then everybody is known: by HTTP, and by each raw way of the engine. Every
/// round starts from a copy of the same database; that of Evenhand's last round stays, as `ours`.
fn imports(
    engine: &Engine,
    options: &Options,
    company: &[Person],
    section: &mut Section,
) -> Result<()> {
    let parts: Vec<&[Person]> = company.chunks(company.len().div_ceil(PARTS)).collect();
    let bodies: Vec<Vec<u8>> = parts.iter().map(|part| people::people_ndjson(part)).collect();
    let by_http = |product: &Product, outcome| {
        let mut requests = parts.iter().zip(&bodies);
        requests
            .try_for_each(|(part, body)| wait(product.import(EMPLOYEES, body, outcome, part.len())))
    };
    if !options.wants(Part::Bulk) {
        engine.copy("base", "ours")?;
        return by_http(&wait(Product::serve(&engine.url("ours")))?, "created");
    }
    let (mut new, mut known) = (Vec::new(), Vec::new());
    let mut peak = 0.0;
    let ways = raw::connect(&engine.url("base"))?.ways();
    let mut raw_ways: Vec<_> = ways.iter().map(|&way| (way, Vec::new(), Vec::new())).collect();
    for round in 0..options.bulk_rounds {
        if round > 0 {
            engine.remove("ours");
        }
        engine.copy("base", "ours")?;
        let product = wait(Product::serve(&engine.url("ours")))?;
        product.server.forget_peak()?;
        new.push(rate(company.len(), || by_http(&product, "created"))?);
        known.push(rate(company.len(), || by_http(&product, "unchanged"))?);
        peak = product.server.peak()?.max(peak);
        drop(product);

        for (way, new, known) in &mut raw_ways {
            engine.copy("base", "raw")?;
            let mut driver = raw::connect(&engine.url("raw"))?;
            let units = driver.units()?;
            for figures in [new, known] {
                figures.push(rate(company.len(), || {
                    parts.iter().try_for_each(|part| driver.import(*way, part, &units))
                })?);
            }
            drop(driver);
            engine.remove("raw");
        }
    }
    section.memory.push(("most during the bulk upserts", peak));
    for (way, raw_new, raw_known) in raw_ways {
        for (what, ours, theirs) in
            [("bulk upsert, all new", &new, raw_new), ("bulk upsert, all known", &known, raw_known)]
        {
            section.comparisons.push(Comparison {
                what,
                unit: "rows/s",
                ours: ours.clone(),
                beside: way.to_string(),
                theirs,
                bar: Some(BULK),
            });
        }
    }
    Ok(())
}

/// Everybody is exported, by HTTP and by the raw driver.
fn exports(engine: &Engine, options: &Options, people: usize, section: &mut Section) -> Result<()> {
    raw::connect(&engine.url("ours"))?.settle()?;
    raw::connect(&engine.url("bare"))?.settle()?;
    let product = wait(Product::serve(&engine.url("ours")))?;
    let mut driver = raw::connect(&engine.url("bare"))?;
    product.server.forget_peak()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        ours.push(rate(people, || match wait(product.export())? {
            lines if lines > people => Ok(()),
            lines => Err(format!("the export was cut off after {lines} lines").into()),
        })?);
        theirs.push(rate(people, || driver.export(options.date).map(drop))?);
    }
    section.memory.insert(0, ("idle, before the first request", product.idle));
    section.memory.push(("most during the exports", product.server.peak()?));
    section.comparisons.push(Comparison {
        what: "export",
        unit: "rows/s",
        ours,
        beside: "the same rows read by the raw driver".to_owned(),
        theirs,
        bar: Some(BULK),
    });
    Ok(())
}

/// One who answers requests.
struct Side<'a> {
    name: &'static str,
    server: &'a Server,
    target: Target,
    per_second: Vec<f64>,
    latencies: Vec<Duration>,
    answered: usize,
    processor: f64,
}

/// Single requests at many connections, to Evenhand and to the bare server in turn.
fn requests(engine: &Engine, options: &Options, section: &mut Section) -> Result<()> {
    let ids = raw::connect(&engine.url("ours"))?.ids()?;
    let product = wait(Product::serve(&engine.url("ours")))?;
    let bare = Server::start(Command::new(std::env::current_exe()?).args([
        "bare",
        "--database-url",
        &engine.url("bare"),
        "--readers",
        READERS,
        "--day",
        &options.date.to_string(),
    ]))?;
    product.server.forget_peak()?;
    let plain = Target { address: bare.address, employees: bare::PLAIN, authorization: None };
    let recorded = Target { employees: bare::RECORDED, ..plain.clone() };
    let bare = |name, target: &Target| Side::new(name, &bare, target);
    for (part, what, work) in [
        (Part::Read, "read one employee", Work::Read),
        (Part::List, "list 50 employees", Work::List),
        (Part::Change, "change one employee", Work::Patch),
    ] {
        if !options.wants(part) {
            continue;
        }
        let mut sides = vec![Side::new("Evenhand", &product.server, product.target())];
        if work == Work::Patch {
            sides.push(bare("bare actix-web: the same durable work", &recorded));
            sides.push(bare("bare actix-web: the UPDATE alone", &plain));
        } else {
            sides.push(bare("bare actix-web", &plain));
        }
        for _ in 0..options.rounds {
            for side in &mut sides {
                side.round(work, &ids, options.window())?;
            }
        }
        let [ours, others @ ..] = &sides[..] else { continue };
        for (number, other) in others.iter().enumerate() {
            section.comparisons.push(Comparison {
                what,
                unit: "req/s",
                ours: ours.per_second.clone(),
                beside: other.name.to_owned(),
                theirs: other.per_second.clone(),
                bar: (number == 0).then_some(REQUESTS),
            });
        }
        section.answers.extend(sides.into_iter().map(|side| side.answers(what)));
    }
    section.memory.push(("most during single requests", product.server.peak()?));
    Ok(())
}

impl<'a> Side<'a> {
    fn new(name: &'static str, server: &'a Server, target: &Target) -> Self {
        let target = target.clone();
        Self {
            name,
            server,
            target,
            per_second: Vec::new(),
            latencies: Vec::new(),
            answered: 0,
            processor: 0.0,
        }
    }

    fn round(&mut self, work: Work, people: &[Uuid], window: Duration) -> Result<()> {
        let before = self.server.processor()?;
        let sample = wait(drive(&self.target, work, people, window))?;
        self.processor += self.server.processor()? - before;
        self.per_second.push(sample.per_second);
        self.latencies.extend(sample.latencies);
        self.answered += sample.answered;
        Ok(())
    }

    fn answers(self, what: &'static str) -> Answers {
        let processor = Duration::from_secs_f64(self.processor / self.answered.max(1) as f64);
        let barred = self.target.authorization.is_some();
        let whose = self.name.to_owned();
        Answers { what, whose, latencies: self.latencies, processor, barred }
    }
}
