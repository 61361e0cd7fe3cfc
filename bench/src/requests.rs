//! Single requests over many connections, to Evenhand and to the bare server in turn.

use crate::engine::Engine;
use crate::load::{Sample, Target, Work, drive, ready};
use crate::product::Product;
use crate::report::{self, Answers, Bar, Comparison, Section};
use crate::server::Server;
use crate::{Options, Part, Result, bare, checks, raw, wait};
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// Number of reading connections of the bare server, the same as Evenhand's default.
const READERS: &str = "8";

/// What Evenhand is compared with.
#[derive(Clone, Copy)]
pub struct Other {
    name: &'static str,
    answers: Answering,
}

/// Who answers in place of Evenhand.
#[derive(Clone, Copy)]
enum Answering {
    /// The bare server, under this prefix.
    Bare(&'static str),
    /// Evenhand itself, asked something else.
    Itself(Work),
}

impl Other {
    const fn bare(name: &'static str, base: &'static str) -> Self {
        Self { name, answers: Answering::Bare(base) }
    }
}

/// The bare server reads.
pub const READ: Other = Other::bare("bare actix-web", bare::PLAIN);
/// The bare server reads the same, with the names of all that it names.
pub const NAMED: Other = Other::bare("bare actix-web: the same names beside ids", bare::SAME);
/// The bare server runs all statements that Evenhand runs.
pub const SAME: Other = Other::bare("bare actix-web: the same statements", bare::SAME);
/// The bare server reads what the answer shows, and logs who was shown it.
pub const LOGGED: Other = Other::bare("bare actix-web: the same answer and log", bare::SAME);
/// The bare server stores everything that Evenhand stores about a change.
pub const DURABLE: Other = Other::bare("bare actix-web: the same durable work", bare::RECORDED);
/// The bare server stores the change and nothing about it.
pub const UPDATE: Other = Other::bare("bare actix-web: the UPDATE alone", bare::PLAIN);
/// Evenhand reads one person.
pub const BY_ID: Other =
    Other { name: "Evenhand itself: one employee by id", answers: Answering::Itself(Work::Read) };
/// Evenhand lists the same without compression.
pub const AS_IT_IS: Other =
    Other { name: "Evenhand itself: not compressed", answers: Answering::Itself(Work::List) };

/// What is compared.
#[derive(Clone, Copy)]
pub enum Figure {
    /// Answers per second.
    Rate,
    /// The 99th percentile of their latencies.
    Tail,
    /// The size of an answer.
    Size,
}

impl Figure {
    fn unit(self) -> &'static str {
        match self {
            Self::Rate => "req/s",
            Self::Tail => "ms p99",
            Self::Size => "bytes",
        }
    }

    fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Rate => sample.per_second,
            Self::Tail => report::at(&sample.latencies, report::P99) * 1000.0,
            Self::Size => sample.bytes as f64 / sample.answered as f64,
        }
    }
}

/// How many requests are answered is compared, as in most questions.
pub const RATE: &[(Figure, Bar)] = &[(Figure::Rate, report::REQUESTS)];

/// Two databases with the same content, one for Evenhand and one for the raw driver.
pub struct Pair {
    pub ours: String,
    pub bare: String,
}

impl Pair {
    /// A database to which nobody is connected, and a copy of it. Earlier writes are settled, so
    /// that the engine's own cleaning up affects neither side.
    pub fn of(engine: &Engine, ours: &str, bare: &str) -> Result<Self> {
        raw::connect(&engine.url(ours))?.settle()?;
        engine.copy(ours, bare)?;
        Ok(Self { ours: engine.url(ours), bare: engine.url(bare) })
    }
}

/// What is asked again and again.
pub struct Question {
    pub part: Part,
    pub what: &'static str,
    pub work: Work,
    /// Login of the client that asks Evenhand.
    pub login: &'static str,
    /// What the requests are about.
    pub ids: Vec<Uuid>,
    /// What Evenhand is compared with; the bars apply to the first one.
    pub others: &'static [Other],
    /// What is compared, each with its bar.
    pub figures: &'static [(Figure, Bar)],
}

impl Question {
    /// The ids for one turn of a side: all of them, or a share if each can be used only once.
    fn turn(&self, number: usize, turns: usize) -> &[Uuid] {
        match self.work {
            Work::Submit => {
                let share = self.ids.len() / turns;
                &self.ids[number * share..][..share]
            }
            _ => &self.ids,
        }
    }
}

/// A server that answers requests.
struct Side<'a> {
    name: &'static str,
    work: Work,
    server: &'a Server,
    target: Target,
    /// One of each round.
    samples: Vec<Sample>,
    processor: f64,
}

/// Sends the requests to both servers; `memory` names Evenhand's peak of memory.
pub fn ask(
    pair: &Pair,
    options: &Options,
    questions: &[Question],
    memory: &'static str,
    section: &mut Section,
) -> Result<()> {
    if !questions.iter().any(|question| options.wants(question.part)) {
        return Ok(());
    }
    let product = wait(Product::serve(&pair.ours))?;
    let bare = Server::start(Command::new(std::env::current_exe()?).args([
        "bare",
        "--database-url",
        &pair.bare,
        "--readers",
        READERS,
        "--day",
        &options.date.to_string(),
    ]))?;
    product.server.forget_peak()?;
    for question in questions.iter().filter(|question| options.wants(question.part)) {
        let target = wait(product.seen_by(question.login))?;
        let mut sides = vec![Side::new("Evenhand", question.work, &product.server, target.clone())];
        sides.extend(question.others.iter().map(|other| match other.answers {
            Answering::Bare(base) => {
                let target = Target { address: bare.address, base, authorization: None };
                Side::new(other.name, question.work, &bare, target)
            }
            Answering::Itself(work) => Side::new(other.name, work, &product.server, target.clone()),
        }));
        let others = sides.get(1..).unwrap_or_default().iter().map(|other| &other.target);
        let others: Vec<_> = others.collect();
        wait(checks::check(question.part, &target, &others, question.ids.len()))?;
        let turns = options.rounds * sides.len();
        for round in 0..options.rounds {
            for (number, side) in (round * sides.len()..).zip(&mut sides) {
                side.round(question.turn(number, turns), options)?;
            }
        }
        let [ours, others @ ..] = &sides[..] else { continue };
        for (number, other) in others.iter().enumerate() {
            for (figure, bar) in question.figures {
                section.comparisons.push(Comparison {
                    what: question.what,
                    unit: figure.unit(),
                    ours: ours.samples.iter().map(|sample| figure.of(sample)).collect(),
                    beside: other.name.to_owned(),
                    theirs: other.samples.iter().map(|sample| figure.of(sample)).collect(),
                    bar: (number == 0).then_some(*bar),
                });
            }
        }
        let rows = sides.into_iter().zip([true].into_iter().chain(std::iter::repeat(false)));
        section.answers.extend(rows.map(|(side, barred)| side.answers(question.what, barred)));
    }
    section.memory.push((memory, product.server.peak()?));
    Ok(())
}

impl<'a> Side<'a> {
    fn new(name: &'static str, work: Work, server: &'a Server, target: Target) -> Self {
        Self { name, work, server, target, samples: Vec::new(), processor: 0.0 }
    }

    fn round(&mut self, ids: &[Uuid], options: &Options) -> Result<()> {
        let (before, sample) = wait(async {
            let clients = ready(&self.target, self.work, ids).await?;
            Ok((self.server.processor()?, drive(clients, options.window()).await?))
        })?;
        if sample.latencies.is_empty() {
            return Err(format!("{}: no answer in a whole window", self.name).into());
        }
        self.processor += self.server.processor()? - before;
        self.samples.push(sample);
        Ok(())
    }

    fn answers(self, what: &'static str, barred: bool) -> Answers {
        let answered: usize = self.samples.iter().map(|sample| sample.answered).sum();
        let processor = Duration::from_secs_f64(self.processor / answered.max(1) as f64);
        let latencies = self.samples.into_iter().flat_map(|sample| sample.latencies).collect();
        Answers { what, whose: self.name.to_owned(), latencies, processor, barred }
    }
}
