//! The history of the demo company: one cycle in evaluation and the next one in goal setting. It is
//! created by the use cases that clients call, each on its own day.

use super::Employee;
use crate::cli::account::{Access, Wanted};
use crate::cycles::{self, participants, policies};
use crate::platform::app::{new_id, seed};
use crate::platform::auth::secret::Secret;
use crate::platform::caller::Actor;
use crate::platform::jobs::Work;
use crate::platform::plain::Asked;
use crate::platform::refusal::Refusal;
use crate::platform::seen::Seen;
use crate::platform::transition::transit;
use crate::{goals, reviews};
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use domain::core::id::{AccountId, CycleId, EmployeeId, GoalId, KeyResultId, PolicyId};
use domain::cycles::cycle::CycleAction;
use domain::goals::goal::GoalAction;
use domain::policy::{Action, Principal, Subject, visibility};
use domain::reviews::action::ReviewAction;
use persistence::{Page, ParticipantFilter, ReviewSet, Store};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

const GOALS: &[u8] = include_bytes!("../../../demo/goals.csv");
const HR_ADMIN: &str = "E0052";
/// Rates the chief executive on behalf of the board.
const HR_DIRECTOR: &str = "E0009";
/// People with open tasks: their self-reviews, or the reviews of their teams, are not submitted.
const BUSY: [&str; 4] = ["E0062", "E0021", "E0015", "E0001"];
/// Levels of goals, from the top of the reporting line down.
const LEVELS: [&str; 4] = ["company", "division", "department", "team"];
const LAST: &str = "half-year";
const NEXT: &str = "next-half-year";

/// The goals of the people of a unit.
#[derive(Clone, Debug, Deserialize)]
struct Aims {
    org_unit_code: String,
    indicator: String,
    unit: String,
    direction: String,
    aggregation: String,
    target: u32,
    objective: String,
    key_result: String,
    key_result_unit: String,
    key_result_target: u32,
    step: String,
}

/// A participant of the cycles.
struct Player {
    number: String,
    id: EmployeeId,
    account: AccountId,
    manager: Option<String>,
    aims: Aims,
    /// Number of managers above.
    depth: usize,
    leads: bool,
}

/// A goal that has been created.
struct Begun {
    owner: String,
    id: GoalId,
    key_results: Vec<KeyResultId>,
    is_indicator: bool,
}

/// Progress of a person with the goals of the next cycle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    Nothing,
    Drafted,
    HandedIn,
    Agreed,
}

struct Story<'a> {
    store: &'a mut dyn Store,
    founder: &'a Actor,
    hr: Subject,
    /// By employee number, sorted from the top of the reporting line down.
    players: Vec<Player>,
}

/// Creates the history up to the day of `founder`.
pub(super) fn tell(
    store: &mut dyn Store,
    founder: &Actor,
    staff: &[Employee],
    accounts: &BTreeMap<String, AccountId>,
) -> Result<(), Refusal> {
    let aims: Vec<Aims> = super::rows(GOALS).map_err(broken)?;
    let ids: HashMap<_, _> = store.everyone()?.into_iter().map(|it| (it.number, it.id)).collect();
    let above: HashMap<&str, Option<&str>> = staff
        .iter()
        .map(|one| (one.employee_number.as_str(), one.manager_employee_number.as_deref()))
        .collect();
    let depth = |number: &str| {
        std::iter::successors(Some(number), |below| above.get(below).copied().flatten()).count() - 1
    };
    let mut players = Vec::with_capacity(staff.len());
    for one in staff {
        let number = &one.employee_number;
        let id = *ids.get(number).ok_or_else(|| broken("an employee is missing"))?;
        let fitting = aims.iter().filter(|aims| one.org_unit_code.starts_with(&aims.org_unit_code));
        let general = aims.first().ok_or_else(|| broken("nobody wants anything"))?;
        players.push(Player {
            number: number.clone(),
            id,
            account: match accounts.get(number) {
                Some(account) => *account,
                None => new_account(store, founder, number)?,
            },
            manager: one.manager_employee_number.clone(),
            aims: fitting.max_by_key(|it| it.org_unit_code.len()).unwrap_or(general).clone(),
            depth: depth(number),
            leads: above.values().any(|manager| *manager == Some(number)),
        });
    }
    players.sort_by_key(|player| player.depth);
    let admin = players.iter().find(|player| player.number == HR_ADMIN);
    let admin = admin.ok_or_else(|| broken("nobody runs the cycles"))?;
    let hr = Subject {
        principal: Principal::Person(admin.account),
        employee_id: Some(admin.id),
        ..(*founder.subject).clone()
    };
    Story { store, founder, hr, players }.tell()
}

/// An account without a password: nobody is meant to sign in as this person.
fn new_account(store: &mut dyn Store, founder: &Actor, number: &str) -> Result<AccountId, Refusal> {
    let wanted = Wanted {
        id: new_id().into(),
        login: number.to_lowercase(),
        employee_number: Some(number.to_owned()),
        roles: Vec::new(),
        access: Access::SetupToken(Secret::setup_token(founder.subject.tenant, seed())),
        now: founder.now,
    };
    wanted.issue(store)
}

impl Story<'_> {
    fn tell(mut self) -> Result<(), Refusal> {
        let first = self.founder.today.with_day(1).unwrap_or(self.founder.today);
        let start = first - Months::new(6);
        let policy = self.policy(start)?;
        let cycle = self.cycle(LAST, policy, start, start + Days::new(20))?;
        let agreed_on = start + Days::new(12);
        let begun = self.goals(cycle, LAST, start, agreed_on, |_| Progress::Agreed)?;
        self.step(cycle, CycleAction::Start, start + Days::new(20))?;
        self.work(&begun, start)?;
        self.step(cycle, CycleAction::Evaluation, first)?;
        self.evaluate(cycle, first)?;
        let next = self.cycle(NEXT, policy, first, self.founder.today + Days::new(7))?;
        self.goals(next, NEXT, first, self.founder.today, |player| match player.number.as_str() {
            "E0062" => Progress::Drafted,
            _ => match roll(&player.number, "next") % 10 {
                0..=2 => Progress::Nothing,
                3..=4 => Progress::Drafted,
                5..=7 => Progress::HandedIn,
                _ => Progress::Agreed,
            },
        })?;
        Ok(())
    }

    /// An actor for a subject, at ten in the morning of a day; for today, at this moment.
    fn on(&self, day: NaiveDate, subject: Subject) -> Actor {
        let ten = day.and_time(NaiveTime::MIN) + chrono::TimeDelta::hours(10);
        let then = ten.and_local_timezone(self.founder.zone).earliest();
        let now = then.map_or(self.founder.now, |then| then.to_utc()).min(self.founder.now);
        Actor { subject: Arc::new(subject), now, today: day, zone: self.founder.zone }
    }

    fn hr(&self, day: NaiveDate) -> Actor {
        self.on(day, self.hr.clone())
    }

    fn person(&self, player: &Player, day: NaiveDate) -> Actor {
        let subject = Subject {
            principal: Principal::Person(player.account),
            employee_id: Some(player.id),
            behind: Vec::new(),
            led_by: Vec::new(),
            grants: Vec::new(),
            ..self.hr.clone()
        };
        self.on(day, subject)
    }

    fn find(&self, number: &str) -> Result<&Player, Refusal> {
        let found = self.players.iter().find(|player| player.number == number);
        found.ok_or_else(|| broken("somebody is missing"))
    }

    /// The manager responsible for a person.
    fn boss(&self, player: &Player) -> Result<&Player, Refusal> {
        self.find(player.manager.as_deref().unwrap_or(HR_DIRECTOR))
    }

    fn policy(&mut self, day: NaiveDate) -> Result<PolicyId, Refusal> {
        let rated = |code: &str, weight: &str| json!({ "code": code, "weight": weight, "raters": { "manager": "100" } });
        let everybody = json!({
            "code": "everyone",
            "dimensions": [
                { "code": "performance", "weight": "60", "raters": {} },
                rated("competency", "20"), rated("behaviour", "10"), rated("collaboration", "10"),
            ],
        });
        let new = json!({
            "code": "elmwind", "name": "绩效制度 Performance policy",
            "rules": {
                "settings": { "okr.in_review": "mapped" }, "populations": [everybody],
            },
        });
        let (id, hr) = (PolicyId::from(new_id()), self.hr(day));
        policies::create_policy(self.store, &hr, id, read(new)?)?;
        policies::publish_policy(self.store, &hr, id, &Seen::version(1))?;
        Ok(id)
    }

    /// A half-year cycle, launched on its first day.
    fn cycle(
        &mut self,
        code: &str,
        policy: PolicyId,
        start: NaiveDate,
        execution: NaiveDate,
    ) -> Result<CycleId, Refusal> {
        let end = start + Months::new(6);
        let stages = ["goal_setting", "execution", "evaluation", "calibration", "publication"];
        let duties = stages.map(
            |stage| json!({ "stage": stage, "accountable": "hr", "responsible": ["manager"] }),
        );
        let new = json!({
            "code": code, "kind": "half", "policy_id": policy.uuid(),
            "name": format!("{} – {}", start.format("%Y-%m"), (end - Days::new(1)).format("%Y-%m")),
            "period": { "start": start, "end": end - Days::new(1) },
            "schedule": {
                "goal_setting": start, "execution": execution, "evaluation": end,
                "self_review_due": end + Days::new(33), "rater_due": end + Days::new(33),
                "manager_review_due": end + Days::new(38), "calibration": end + Days::new(42),
                "publication": end + Days::new(52), "retention": end + Months::new(36),
            },
            "raci": duties,
        });
        let id = CycleId::from(new_id());
        let hr = self.hr(start);
        cycles::create_cycle(self.store, &hr, id, read(new)?)?;
        self.step(id, CycleAction::Launch, start)?;
        let boss = self.find("E0001")?.id;
        let filter = ParticipantFilter {
            cycle_id: Some(id),
            employee_id: Some(boss),
            ..ParticipantFilter::default()
        };
        let visible = visibility(&hr.subject, Action::ParticipantRead, start)?;
        for sealed in self.store.participants(&filter, &visible, &Page::ALL)? {
            let participant = hr.show_row(Action::ParticipantRead, sealed)?.whole()?;
            let order = json!({
                "manager_id": self.find(HR_DIRECTOR)?.id.uuid(),
                "allow_mutual": true,
                "reason": "代表董事会评价 Rates on behalf of the board",
            });
            let seen = Seen::version(participant.version);
            let order = read(order)?;
            participants::cases::hand_over(self.store, &hr, participant.id, Some(&seen), order)?;
        }
        Ok(id)
    }

    fn step(&mut self, cycle: CycleId, action: CycleAction, day: NaiveDate) -> Result<(), Refusal> {
        let hr = self.hr(day);
        let sealed = self.store.cycle(cycle)?;
        let (found, _) = hr.open(self.store, Action::CycleRead, sealed)?;
        let order = cycles::CycleTransition::plain(&found, action);
        cycles::CycleMoves::run(self.store, &hr, &order, &|_| ()).map(drop)
    }

    /// Everybody's goals, from the top down, each aligned under a goal of the manager.
    fn goals(
        &mut self,
        cycle: CycleId,
        code: &str,
        start: NaiveDate,
        day: NaiveDate,
        progress: impl Fn(&Player) -> Progress,
    ) -> Result<Vec<Begun>, Refusal> {
        let end = start + Months::new(6) - Days::new(1);
        let visible = visibility(&self.hr, Action::ParticipantRead, day)?;
        let filter = ParticipantFilter {
            cycle_id: Some(cycle),
            excluded: Some(false),
            ..ParticipantFilter::default()
        };
        let taking_part = self.store.participants(&filter, &visible, &Page::ALL)?;
        let taking_part: Vec<_> =
            taking_part.into_iter().map(|sealed| sealed.target(day).about).collect();
        let mut parents: BTreeMap<String, (usize, Uuid)> = BTreeMap::new();
        let mut begun = Vec::new();
        for at in 0..self.players.len() {
            let player = &self.players[at];
            let progress = progress(player);
            let takes_part = taking_part.contains(&Some(player.id));
            if !takes_part || progress == Progress::Nothing {
                continue;
            }
            let level =
                if player.leads { player.depth.min(LEVELS.len() - 1) } else { LEVELS.len() };
            let above = player.manager.as_ref().and_then(|manager| parents.get(manager));
            let parent = above.filter(|(height, _)| *height < level).map(|(_, id)| *id);
            let (owner, boss) = (self.person(player, day), self.person(self.boss(player)?, day));
            let period = json!({ "start": start, "end": end });
            let (number, aims) = (player.number.clone(), player.aims.clone());
            let leads = player.leads;
            let own = [true, false].map(|is_indicator| Begun {
                owner: number.clone(),
                id: new_id().into(),
                key_results: (0..2).map(|_| new_id().into()).collect(),
                is_indicator,
            });
            for goal in &own {
                let write = if goal.is_indicator { indicator } else { objective };
                let content = write(&aims, &number, code, &period);
                let parent = parent.filter(|_| !goal.is_indicator);
                let level = LEVELS.get(level).copied().unwrap_or("person");
                let new = json!({
                    "cycle_id": cycle.uuid(), "level": level, "parent_id": parent, "content": content,
                });
                goals::create_goal(self.store, &owner, goal.id, &goal.key_results, read(new)?)?;
            }
            for goal in &own {
                let order = |version, verb| {
                    let seen = Seen::version(version);
                    let asked = Asked { id: goal.id, seen, verb, said: String::new() };
                    goals::moves::GoalTransition(asked)
                };
                if progress >= Progress::HandedIn {
                    transit(self.store, &owner, &order(1, GoalAction::Submission))?;
                }
                if progress >= Progress::Agreed {
                    transit(self.store, &boss, &order(2, GoalAction::Approval))?;
                }
            }
            let [_, objective] = &own;
            if leads {
                parents.insert(number, (level, objective.id.uuid()));
            }
            begun.extend(own);
        }
        Ok(begun)
    }

    /// Six months of measurements, and a check-in in the third month.
    fn work(&mut self, begun: &[Begun], start: NaiveDate) -> Result<(), Refusal> {
        for goal in begun {
            let player = self.find(&goal.owner)?;
            let aims = player.aims.clone();
            if goal.is_indicator {
                let level = 72 + roll(&goal.owner, "level") % 44;
                for month in 0..6 {
                    let begins = start + Months::new(month);
                    let day = begins + Months::new(1) - Days::new(1);
                    let actor = self.person(self.find(&goal.owner)?, day);
                    let share = level + roll(&goal.owner, &month.to_string()) % 7;
                    let months = if aims.aggregation == "sum" { 6 } else { 1 };
                    let hundredths = aims.target * share / months;
                    let new = json!({
                        "period_start": begins, "source": "bi",
                        "external_id": format!("{}-{}", goal.owner, begins.format("%Y-%m")),
                        "value": format!("{}.{:02}", hundredths / 100, hundredths % 100),
                    });
                    let id = new_id().into();
                    goals::create_measurement(self.store, &actor, goal.id, id, read(new)?)?;
                }
            } else {
                let actor = self.person(self.find(&goal.owner)?, start + Months::new(3));
                let reached =
                    aims.key_result_target * (40 + roll(&goal.owner, "reached") % 60) / 100;
                let new = json!({
                    "confidence": 4 + roll(&goal.owner, "confidence") % 6,
                    "comment": "按计划推进 Going as planned",
                    "reports": [
                        { "key_result_id": goal.key_results[0].uuid(), "value": reached.to_string() },
                        { "key_result_id": goal.key_results[1].uuid(),
                          "done": roll(&goal.owner, "done") > 80 },
                    ],
                });
                goals::create_check_in(self.store, &actor, goal.id, new_id().into(), read(new)?)?;
            }
        }
        Ok(())
    }

    /// Most self-reviews and more than half of the ratings are submitted; teams are rated before
    /// their managers.
    fn evaluate(&mut self, cycle: CycleId, first: NaiveDate) -> Result<(), Refusal> {
        let reviews = self.store.results_of(&ReviewSet::of(cycle))?;
        let reviews: HashMap<_, _> =
            reviews.into_iter().map(|review| (review.employee_id, review.id)).collect();
        let today = self.founder.today;
        let evidence = first - Days::new(40);
        for at in (0..self.players.len()).rev() {
            let player = &self.players[at];
            let Some(&review) = reviews.get(&player.id) else { continue };
            let is_slow = BUSY.contains(&player.number.as_str());
            if is_slow || roll(&player.number, "self") % 10 < 2 {
                continue;
            }
            let (owner, boss) =
                (self.person(player, today), self.person(self.boss(player)?, today));
            let waits = player.manager.as_deref().is_none_or(|boss| BUSY.contains(&boss));
            let number = player.number.clone();
            let parts = [
                (&owner, ReviewAction::SelfReview, ReviewAction::SelfReviewSubmission, "self"),
                (&boss, ReviewAction::ManagerReview, ReviewAction::ManagerReviewSubmission, "boss"),
            ];
            let is_rated = !waits && roll(&number, "rated") % 10 < 7;
            for (actor, write, hand_in, side) in parts.into_iter().take(1 + usize::from(is_rated)) {
                let part = ratings(&number, side, evidence);
                let seen = self.seen(actor, review)?;
                reviews::drafts::save(self.store, actor, review, &seen, write, read(part)?)?;
                let seen = self.seen(actor, review)?;
                let order = reviews::moves::ReviewTransition {
                    review,
                    seen,
                    action: hand_in,
                    text: None,
                    to: None,
                };
                transit(self.store, actor, &order)?;
            }
        }
        Ok(())
    }

    fn seen(&mut self, actor: &Actor, review: domain::core::id::ReviewId) -> Result<Seen, Refusal> {
        let view = reviews::find_review(self.store, actor, review)?;
        Seen::of(view.version, &view)
    }
}

fn indicator(aims: &Aims, number: &str, code: &str, period: &Value) -> Value {
    let target = aims.target + roll(number, code) % 3;
    json!({
        "title": aims.indicator, "weight": "60.00", "theme": "增长 Growth", "period": period,
        "definition": {
            "kind": "indicator", "unit": aims.unit, "source": "BI", "frequency": "monthly",
            "baseline": aims.target.to_string(), "aggregation": aims.aggregation,
            "scoring": {
                "method": "ratio", "target": target.to_string(), "direction": aims.direction,
            },
        },
    })
}

fn objective(aims: &Aims, number: &str, code: &str, period: &Value) -> Value {
    let target = aims.key_result_target + roll(number, code) % 5;
    json!({
        "title": aims.objective, "weight": "40.00", "theme": "增长 Growth", "period": period,
        "definition": {
            "kind": "objective", "ambition": "committed",
            "key_results": [
                { "title": aims.key_result, "weight": "70", "measure": {
                    "kind": "metric", "start": "0", "target": target.to_string(),
                    "unit": aims.key_result_unit,
                } },
                { "title": aims.step, "weight": "30", "measure": { "kind": "boolean" } },
            ],
        },
    })
}

/// A self-review or rating of a person.
fn ratings(number: &str, side: &str, evidence: NaiveDate) -> Value {
    let comments = [
        "交付稳定，遇到问题先说再做 Delivers steadily, and says early when something is in the way",
        "愿意帮助同事，知识分享做得好 Helps colleagues and shares what she or he knows",
        "目标清楚，细节还可以更扎实 Clear about the aim, details could be firmer",
    ];
    let marks = ["2.5", "3", "3", "3.5", "3.5", "4", "4.5", "5"];
    let rated = ["competency", "behaviour", "collaboration"].map(|dimension| {
        let roll = roll(number, &format!("{side} {dimension}"));
        json!({
            "dimension": dimension,
            "rating": marks[roll as usize % marks.len()],
            "comment": comments[roll as usize / 8 % comments.len()],
            "evidence": [{
                "kind": "project_result", "date": evidence,
                "text": "项目复盘纪要 Minutes of the project review",
            }],
        })
    });
    json!({ "ratings": rated, "comment": "这半年的小结 A summary of the half-year" })
}

/// A number up to 255 that depends only on the texts.
fn roll(number: &str, of: &str) -> u32 {
    Sha256::digest(format!("{number} {of}"))[0].into()
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(broken)
}

fn broken(what: impl ToString) -> Refusal {
    Refusal::Internal(format!("demo company: {}", what.to_string()))
}
