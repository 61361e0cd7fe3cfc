//! Single requests at many connections, to Evenhand and to the bare server in turn.

use crate::engine::Engine;
use crate::load::{Target, Work, drive, ready};
use crate::product::Product;
use crate::report::{Answers, Comparison, REQUESTS, Section};
use crate::server::Server;
use crate::{Options, Part, Result, bare, raw, wait};
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// Connections that read, as Evenhand has them by default.
const READERS: &str = "8";

/// What the bare server is called, and where it does the work.
type Other = (&'static str, &'static str);
/// It reads.
pub const READ: Other = ("bare actix-web", bare::PLAIN);
/// It asks the database all that Evenhand asks it.
pub const SAME: Other = ("bare actix-web: the same statements", bare::SAME);
/// It keeps all that Evenhand keeps of a change.
pub const DURABLE: Other = ("bare actix-web: the same durable work", bare::RECORDED);
/// It keeps a change and nothing about it.
pub const UPDATE: Other = ("bare actix-web: the UPDATE alone", bare::PLAIN);

/// Two databases with the same content: Evenhand's and that of the raw driver.
pub struct Pair {
    pub ours: String,
    pub bare: String,
}

impl Pair {
    /// A database to which nobody is connected, and a copy of it. What was written before is settled,
    /// so that an engine's own tidying up strikes neither side.
    pub fn of(engine: &Engine, ours: &str, bare: &str) -> Result<Self> {
        raw::connect(&engine.url(ours))?.settle()?;
        engine.copy(ours, bare)?;
        Ok(Self { ours: engine.url(ours), bare: engine.url(bare) })
    }
}

/// What is asked over and over.
pub struct Question {
    pub part: Part,
    pub what: &'static str,
    pub work: Work,
    /// Who asks Evenhand.
    pub login: &'static str,
    /// What it is about.
    pub ids: Vec<Uuid>,
    /// Whom Evenhand is compared with; the bar is for the first one.
    pub others: &'static [Other],
}

impl Question {
    /// What a turn of one side is about: all of it, or its share of what can be done but once.
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

/// Puts questions to both servers; `memory` is what Evenhand's peak is called.
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
        let signed_in = wait(product.seen_by(question.login))?;
        let mut sides = vec![Side::new("Evenhand", &product.server, signed_in)];
        sides.extend(question.others.iter().map(|&(name, base)| {
            Side::new(name, &bare, Target { address: bare.address, base, authorization: None })
        }));
        let turns = options.rounds * sides.len();
        for round in 0..options.rounds {
            for (number, side) in (round * sides.len()..).zip(&mut sides) {
                side.round(question.work, question.turn(number, turns), options)?;
            }
        }
        let [ours, others @ ..] = &sides[..] else { continue };
        for (number, other) in others.iter().enumerate() {
            section.comparisons.push(Comparison {
                what: question.what,
                unit: "req/s",
                ours: ours.per_second.clone(),
                beside: other.name.to_owned(),
                theirs: other.per_second.clone(),
                bar: (number == 0).then_some(REQUESTS),
            });
        }
        section.answers.extend(sides.into_iter().map(|side| side.answers(question.what)));
    }
    section.memory.push((memory, product.server.peak()?));
    Ok(())
}

impl<'a> Side<'a> {
    fn new(name: &'static str, server: &'a Server, target: Target) -> Self {
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

    fn round(&mut self, work: Work, ids: &[Uuid], options: &Options) -> Result<()> {
        let (before, sample) = wait(async {
            let clients = ready(&self.target, work, ids).await?;
            Ok((self.server.processor()?, drive(clients, options.window()).await?))
        })?;
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
