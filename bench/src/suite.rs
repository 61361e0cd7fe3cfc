//! What is measured on an engine, and in which order.

use crate::cycle::{self, Cycle};
use crate::engine::Engine;
use crate::load::Work;
use crate::measurements;
use crate::people::{self, Person};
use crate::product::{self, EMPLOYEES, File, MOST_ROWS, Product};
use crate::raw::{self, Export};
use crate::report::{self, BULK, Comparison, Section};
use crate::requests::{
    AS_IT_IS, BY_ID, DURABLE, Figure, LOGGED, NAMED, Pair, Question, RATE, READ, SAME, UPDATE, ask,
};
use crate::workbook::MEDIA_TYPE;
use crate::{Options, Part, Result, wait};
use std::time::Instant;

/// Number of requests in which everybody is imported.
const PARTS: usize = 2;

const UNITS: &str = "/v1/org-units/bulk";

/// Measures everything on one engine.
pub fn run(engine: &Engine, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    engine.create("base");
    product::found(&engine.url("base"))?;
    let product = wait(Product::serve(&engine.url("base")))?;
    let units = people::units_ndjson();
    wait(product.import(UNITS, File::ndjson(&units), "created", people::UNITS))?;
    drop(product);
    let company = people::people(options.people);

    section.engine = raw::connect(&engine.url("base"))?.version()?;
    let of_people = [
        Part::Bulk,
        Part::Export,
        Part::Read,
        Part::List,
        Part::Compressed,
        Part::Search,
        Part::Change,
    ];
    if options.wants_any(&of_people) {
        imports(engine, options, &company, &mut section)?;
        let pair = Pair::of(engine, "ours", "bare")?;
        if options.wants(Part::Export) {
            let people = Outgoing {
                what: "export",
                path: "/v1/employees/export".to_owned(),
                rows: company.len(),
                raw: Export::People(options.date),
                memory: "most during the exports of people",
            };
            exports(&pair, options, people, &mut section)?;
        }
        people_asked(&pair, options, &mut section)?;
    }
    if options.wants(Part::Workbook) {
        workbooks(engine, options, &company, &mut section)?;
    }
    cycles(engine, options, &company, &mut section)?;
    Ok(section)
}

/// Times some work; returns the number of rows per second.
pub fn rate(rows: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(rows as f64 / start.elapsed().as_secs_f64())
}

/// Imports people who are all new, then people who are all known: by HTTP, and by each raw way of
/// the engine. Every round starts from a copy of the same database. The database of Evenhand's last
/// round stays, as `ours`.
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
        requests.try_for_each(|(part, body)| {
            wait(product.import(EMPLOYEES, File::ndjson(body), outcome, part.len()))
        })
    };
    if !options.wants(Part::Bulk) {
        engine.copy("base", "ours")?;
        return by_http(&wait(Product::serve(&engine.url("ours")))?, "created");
    }
    let (mut new, mut known) = (Vec::new(), Vec::new());
    let mut peak = 0.0;
    let ways = raw::connect(&engine.url("base"))?.ways();
    let raw_way = |&way| [false, true].map(|recorded| (way, recorded, Vec::new(), Vec::new()));
    let mut raw_ways: Vec<_> = ways.iter().flat_map(raw_way).collect();
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

        for (way, recorded, new, known) in &mut raw_ways {
            engine.copy("base", "raw")?;
            let mut driver = raw::connect(&engine.url("raw"))?;
            let units = driver.ids(raw::UNITS)?;
            for figures in [new, known] {
                figures.push(rate(company.len(), || {
                    parts.iter().try_for_each(|part| driver.import(*way, *recorded, part, &units))
                })?);
            }
            drop(driver);
            engine.remove("raw");
        }
    }
    section.memory.push(("most during the bulk upserts", peak));
    // If all people are known, there is nothing to record.
    for (way, recorded, raw_new, raw_known) in raw_ways {
        let mut compare = |what, ours: &Vec<f64>, theirs, beside, bar| {
            let (unit, ours) = ("rows/s", ours.clone());
            section.comparisons.push(Comparison { what, unit, ours, beside, theirs, bar });
        };
        if recorded {
            let beside = format!("{way}, with the same records");
            compare("bulk upsert, all new", &new, raw_new, beside, Some(BULK));
        } else {
            compare("bulk upsert, all new", &new, raw_new, way.to_string(), None);
            compare("bulk upsert, all known", &known, raw_known, way.to_string(), Some(BULK));
        }
    }
    Ok(())
}

/// Imports people who are all new, then the same who are all known, from a workbook and from CSV.
fn workbooks(
    engine: &Engine,
    options: &Options,
    company: &[Person],
    section: &mut Section,
) -> Result<()> {
    let people = &company[..company.len().min(MOST_ROWS)];
    let (workbook, csv) = (people::people_workbook(people)?, people::people_csv(people));
    let files = [(MEDIA_TYPE, &workbook), ("text/csv; charset=utf-8", &csv)];
    let files = files.map(|(media_type, bytes)| File { media_type, bytes });
    let seconds = |work: &dyn Fn() -> Result<()>| {
        let start = Instant::now();
        work().map(|()| start.elapsed().as_secs_f64())
    };
    // Of the workbook, of CSV; each of new people and of known ones.
    let mut times = [const { [Vec::new(), Vec::new()] }; 2];
    let mut peak = 0.0;
    for round in 0..options.bulk_rounds {
        for (number, [new, known]) in times.iter_mut().enumerate() {
            engine.copy("base", "file")?;
            let product = wait(Product::serve(&engine.url("file")))?;
            product.server.forget_peak()?;
            let import = |file: File<'_>, outcome| {
                wait(product.import(EMPLOYEES, file, outcome, people.len()))
            };
            new.push(seconds(&|| import(files[number], "created"))?);
            known.push(seconds(&|| import(files[number], "unchanged"))?);
            if number == 0 {
                peak = product.server.peak()?.max(peak);
            }
            if round == 0 {
                // What the one file says is what the other one says.
                import(files[1 - number], "unchanged")?;
            }
            drop(product);
            engine.remove("file");
        }
    }
    let [[new, known], [new_csv, known_csv]] = times;
    for (what, ours, theirs) in [
        ("upsert of a workbook, all new", new, new_csv),
        ("upsert of a workbook, all known", known, known_csv),
    ] {
        let beside = "Evenhand itself: the same people as CSV".to_owned();
        let bar = Some(report::WORKBOOK);
        section.comparisons.push(Comparison { what, unit: "s", ours, beside, theirs, bar });
    }
    section.memory.push(("most during the upserts of a workbook", peak));
    Ok(())
}

/// A file that is exported by HTTP and by the raw driver.
struct Outgoing {
    what: &'static str,
    path: String,
    rows: usize,
    raw: Export,
    memory: &'static str,
}

fn exports(pair: &Pair, options: &Options, out: Outgoing, section: &mut Section) -> Result<()> {
    let Outgoing { what, path, rows, raw, memory } = out;
    raw::connect(&pair.ours)?.settle()?;
    let mut driver = raw::connect(&pair.bare)?;
    driver.settle()?;
    // An export of ratings counts as a read of everybody's review.
    let shown = matches!(raw, Export::Ratings).then(|| driver.reviewed()).transpose()?;
    let product = wait(Product::serve(&pair.ours))?;
    product.server.forget_peak()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        ours.push(rate(rows, || match wait(product.export(&path))? {
            lines if lines > rows => Ok(()),
            lines => Err(format!("the export was cut off after {lines} lines").into()),
        })?);
        theirs.push(rate(rows, || {
            driver.export(raw)?;
            shown.as_ref().map_or(Ok(()), |shown| driver.look(shown))
        })?);
    }
    section.idle.get_or_insert(product.idle);
    section.memory.push((memory, product.server.peak()?));
    section.comparisons.push(Comparison {
        what,
        unit: "rows/s",
        ours,
        beside: "the same rows read by the raw driver".to_owned(),
        theirs,
        bar: Some(BULK),
    });
    Ok(())
}

/// Single requests about people.
fn people_asked(pair: &Pair, options: &Options, section: &mut Section) -> Result<()> {
    let ids = raw::connect(&pair.ours)?.ids(raw::PEOPLE)?;
    let about = |part, what, work, others| Question {
        part,
        what,
        work,
        login: product::LOGIN,
        ids: ids.clone(),
        others,
        figures: RATE,
    };
    let questions = [
        about(Part::Read, "read one employee", Work::Read, &[READ][..]),
        about(Part::List, "list 50 employees", Work::List, &[NAMED, READ]),
        Question {
            figures: &[(Figure::Rate, report::COMPRESSED), (Figure::Size, report::SMALLER)],
            ..about(
                Part::Compressed,
                "list 50 employees, compressed",
                Work::Compressed,
                &[AS_IT_IS],
            )
        },
        Question {
            figures: &[(Figure::Tail, report::SEARCH)],
            ..about(Part::Search, "search among all employees", Work::Search, &[BY_ID])
        },
        about(Part::Change, "change one employee", Work::Patch, &[DURABLE, UPDATE]),
    ];
    ask(pair, options, &questions, "most during single requests", section)
}

/// Two cycles, the second one with ten times the people, and the requests measured during and after
/// the second one.
fn cycles(
    engine: &Engine,
    options: &Options,
    company: &[Person],
    section: &mut Section,
) -> Result<()> {
    let asked = options.wants_any(&[Part::Submission, Part::Team, Part::Reviews]);
    let others = [Part::Cycle, Part::Ratings, Part::CheckIn, Part::Measurements];
    if !asked && !options.wants_any(&others) {
        return Ok(());
    }
    if options.wants(Part::Cycle) {
        let mut small = Cycle::open(engine, "small", &company[..company.len() / 10])?;
        small.finish()?;
        section.courses.push(small.course);
        engine.remove("small");
    }
    let mut cycle = Cycle::open(engine, "cycle", company)?;
    if asked {
        engine.copy("cycle", "open")?;
        let url = engine.url("open");
        let team = vec![cycle::gather_team(&url)?, cycle.id];
        let about = |part, what, work, others| Question {
            part,
            what,
            work,
            login: cycle::LEAD,
            ids: team.clone(),
            others,
            figures: RATE,
        };
        let questions = [
            about(Part::Team, "dashboard of a team of 50", Work::Team, &[SAME, READ][..]),
            about(Part::Reviews, "list the reviews of a team of 50", Work::Reviews, &[LOGGED]),
        ];
        let pair = Pair::of(engine, "open", "open_bare")?;
        ask(&pair, options, &questions, "most during dashboards and lists of reviews", section)?;
        engine.remove("open_bare");
        let submission = Question {
            part: Part::Submission,
            what: "hand a rating in",
            work: Work::Submit,
            login: cycle::RATER,
            ids: cycle::write_ratings(&url)?,
            others: &[SAME, DURABLE],
            figures: RATE,
        };
        let pair = Pair::of(engine, "open", "open_bare")?;
        ask(&pair, options, &[submission], "most during submissions", section)?;
        engine.remove("open");
        engine.remove("open_bare");
    }
    if options.wants(Part::CheckIn) {
        engine.copy("cycle", "check_ins")?;
        section.comparisons.push(cycle::check_ins(&engine.url("check_ins"))?);
        engine.remove("check_ins");
    }
    if options.wants(Part::Measurements) {
        measurements::reported(engine, "cycle", options, section)?;
    }
    if options.wants_any(&[Part::Cycle, Part::Ratings]) {
        cycle.finish()?;
    }
    if options.wants(Part::Ratings) {
        let ratings = Outgoing {
            what: "export of ratings",
            path: format!("/v1/ratings/export?cycle_id={}", cycle.id),
            rows: company.len(),
            raw: Export::Ratings,
            memory: "most during the exports of ratings",
        };
        exports(&Pair::of(engine, "cycle", "cycle_bare")?, options, ratings, section)?;
    }
    if options.wants(Part::Cycle) {
        section.comparisons.extend(cycle.recorded()?);
        section.courses.push(cycle.course);
    }
    Ok(())
}
