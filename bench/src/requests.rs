//! Single requests over many connections, to Evenhand and to the bare server in turn.

use crate::engine::Engine;
use crate::load::{Target, Work, drive, ready};
use crate::product::Product;
use crate::report::{Answers, Comparison, REQUESTS, Section};
use crate::server::Server;
use crate::{Options, Part, Result, bare, raw, wait};
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// Number of reading connections of the bare server, the same as Evenhand's default.
const READERS: &str = "8";

/// Name of what Evenhand is compared with, and the prefix of its paths.
type Other = (&'static str, &'static str);
/// The bare server reads.
pub const READ: Other = ("bare actix-web", bare::PLAIN);
/// The bare server runs all statements that Evenhand runs.
pub const SAME: Other = ("bare actix-web: the same statements", bare::SAME);
/// The bare server reads what the answer shows, and logs who was shown it.
pub const LOGGED: Other = ("bare actix-web: the same answer and log", bare::SAME);
/// The bare server stores everything that Evenhand stores about a change.
pub const DURABLE: Other = ("bare actix-web: the same durable work", bare::RECORDED);
/// The bare server stores the change and nothing about it.
pub const UPDATE: Other = ("bare actix-web: the UPDATE alone", bare::PLAIN);

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
    /// What Evenhand is compared with; the limit applies to the first one.
    pub others: &'static [Other],
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
    server: &'a Server,
    target: Target,
    per_second: Vec<f64>,
    latencies: Vec<Duration>,
    answered: usize,
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
