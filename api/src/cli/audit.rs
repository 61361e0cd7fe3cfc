//! `evenhand audit`: checks whether the audit log was tampered with, and erases values about
//! people.

use super::account::OPERATOR;
use super::{nowhere, open};
use crate::access::audit_heads::AuditHeadView;
use crate::access::audit_heads::signing::{HeadKey, holds};
use crate::platform::caller::system_context;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::key_file::KeyFile;
use crate::platform::keys::Keys;
use domain::core::id::TenantId;
use persistence::audit::{self, AuditEntry, ERASED, KeptHead, Report, Signature};
use persistence::{AuditFilter, Database, DbError, Page};
use serde::Deserialize;
use std::error::Error;
use std::sync::Arc;
use uuid::Uuid;

/// Commands for the audit log.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Check the logs of every company from end to end and report each entry that was tampered
    /// with. Writes nothing, so it also works on a read-only copy.
    Verify(Verify),
    /// Erase the values that an entry contains about a person. The chain records who had them
    /// erased and why, and stays valid without them. Needs the key file, which signs the erasure,
    /// and on PostgreSQL the role that owns the tables.
    Erase(Erase),
}

/// What to verify.
#[derive(clap::Args)]
pub struct Verify {
    /// Short name of one company; all companies if absent.
    #[arg(long)]
    tenant: Option<String>,
    /// Heads kept outside the database: JSON as published, or a file with any number of heads, such
    /// as the configured file for heads or an answer of `GET /v1/audit-heads`. May be repeated. All
    /// must be signed by the key of this installation; without the key file, all by one key.
    #[arg(long = "head")]
    heads: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

/// What to erase.
#[derive(clap::Args)]
pub struct Erase {
    /// Short name of the company.
    #[arg(long)]
    tenant: String,
    /// Id of the entry whose values are erased.
    #[arg(long)]
    entry: Uuid,
    /// Reason for the erasure.
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    settings: Settings,
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("give a reason; the chain keeps it for ever".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Runs the command; fails if anything was tampered with.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Verify(asked) => verify(&asked),
        Command::Erase(asked) => erase(asked).await,
    }
}

fn verify(asked: &Verify) -> Result<(), Box<dyn Error>> {
    let url = &asked.settings.database_url;
    let kept = kept_heads(&asked.heads)?;
    let ours = key_that_counts(&asked.settings, &kept)?;
    let signer = |key: &[u8], message: &[u8], signature: &[u8]| {
        if !holds(key, message, signature) {
            Signature::Broken
        } else if ours.as_ref().is_none_or(|ours| ours == key) {
            Signature::Ours
        } else {
            Signature::Foreign
        }
    };
    let tenants = Database::inspect(url, nowhere(), |store| store.tenants())?;
    let known = |head: &KeptHead| tenants.iter().any(|tenant| tenant.id == head.tenant);
    let lost = kept.iter().filter(|head| !known(head)).count();
    let (mut verified, mut found) = (0, lost);
    if lost > 0 {
        println!("{lost} of the given heads belong to companies that are not in the database");
    }
    let named = |slug: &str| asked.tenant.as_ref().is_none_or(|asked| asked == slug);
    for company in tenants.iter().filter(|company| named(&company.slug)) {
        let heads: Vec<_> = kept.iter().filter(|head| head.tenant == company.id).cloned().collect();
        let report = Database::inspect(url, company.id, |store| {
            audit::verify(store, company.id, &heads, &signer)
        })?;
        say(&company.slug, &report, heads.len());
        verified += 1;
        found += report.found.len();
    }
    match (verified, found) {
        (0, 0) => Err("this company does not exist".into()),
        (_, 0) => Ok(()),
        (_, found) => Err(format!("{found} faults found").into()),
    }
}

/// The key that must have signed all heads: that of the installation or, if its file cannot be
/// read, the key of the given heads. Without given heads, any key is accepted.
fn key_that_counts(
    settings: &Settings,
    kept: &[KeptHead],
) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    match KeyFile::read(&settings.key_file()) {
        Ok(file) => return Ok(Some(HeadKey::of(&file).public())),
        Err(error) => println!("the signer of the heads is not checked: {error}"),
    }
    let mut keys = kept.iter().map(|head| &head.public_key);
    let first = keys.next();
    if keys.any(|key| Some(key) != first) {
        return Err("the given heads are signed by different keys, and without the key file the \
                    right one is unknown"
            .into());
    }
    Ok(first.cloned())
}

fn say(company: &str, report: &Report, kept: usize) {
    let Report { entries, reads, head, found } = report;
    println!("{company}: {entries} entries, {reads} reads, {kept} given heads");
    match head {
        Some((number, at)) => println!("{company}: newest head here is {number} of {at}"),
        None => println!("{company}: the database contains no head"),
    }
    for tampering in found {
        println!("{company}: {tampering}");
    }
}

/// Heads in the forms in which they are published.
#[derive(Deserialize)]
#[serde(untagged)]
enum Published {
    Page { items: Vec<AuditHeadView> },
    Head(AuditHeadView),
}

/// Reads the given heads.
fn kept_heads(given: &[String]) -> Result<Vec<KeptHead>, Box<dyn Error>> {
    let mut kept = Vec::new();
    for given in given {
        let text = match given.trim_start().starts_with('{') {
            true => given.clone(),
            false => std::fs::read_to_string(given).map_err(|error| format!("{given}: {error}"))?,
        };
        for published in serde_json::Deserializer::from_str(&text).into_iter() {
            let heads = match published.map_err(|error| format!("{given}: not a head: {error}"))? {
                Published::Page { items } => items,
                Published::Head(head) => vec![head],
            };
            for head in heads {
                let kept_head = head
                    .kept()
                    .filter(|head| holds(&head.public_key, &head.message(), &head.signature));
                let broken = || format!("{given}: the signature of head {} is not valid", head.id);
                kept.push(kept_head.ok_or_else(broken)?);
            }
        }
    }
    if kept.is_empty() && !given.is_empty() {
        return Err("no head was given".into());
    }
    Ok(kept)
}

async fn erase(asked: Erase) -> Result<(), Box<dyn Error>> {
    let Erase { tenant: slug, entry, reason, settings } = asked;
    let now = Clock::default().now();
    let db = open(&settings)?;
    let named = slug.clone();
    let tenant = db.read(nowhere(), move |store| store.tenant_by_slug(&named)).await?;
    let tenant: TenantId = tenant.ok_or("this company does not exist")?;
    // Signed with another installation's key, the erasure would count as forged, and the chain
    // cannot change.
    let (key_file, _) = Keys::open(&db, &settings.key_file(), now).await?;
    let key = Arc::new(HeadKey::of(&key_file));
    let context = system_context(tenant, now);
    let erased = db.write(context, move |store| {
        let filter = AuditFilter { id: Some(entry), ..AuditFilter::default() };
        let found = store.audit_entries(&filter, &Page::ALL)?;
        let can_go = |entry: &AuditEntry| entry.details.is_some() && entry.action != ERASED;
        let goes = found.first().is_some_and(can_go);
        if goes {
            store.note(key.erasure(tenant, entry, OPERATOR).because(reason.clone()))?;
        }
        Ok::<_, DbError>(goes)
    });
    match erased.await? {
        true => {
            println!("the values of entry {entry} are erased");
            Ok(())
        }
        false => Err("there is no such entry, or it has no values that may be erased".into()),
    }
}
