//! `evenhand audit`: whether the audit log is the one that was written.

use super::open;
use crate::config::Settings;
use domain::id::TenantId;
use persistence::audit::Verifier;
use persistence::{After, AuditFilter, Database, DbError, Page};
use std::error::Error;

/// Entries read at a time.
const CHUNK: i64 = 5000;

/// What can be done to the audit log.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Follow the hash chain of every company and report each entry that was tampered with.
    Verify {
        /// Short name of one company; all if not given.
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs the command; fails if anything was tampered with.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let Command::Verify { tenant, settings } = command;
    let db = open(&settings)?;
    let tenants = db.read(super::nowhere(), |store| store.tenants()).await?;
    let asked = |slug: &str| tenant.as_ref().is_none_or(|asked| asked == slug);
    let mut found = 0;
    let mut verified = 0;
    for company in tenants.iter().filter(|company| asked(&company.slug)) {
        let (entries, head, tamperings) = verify(&db, company.id).await?;
        verified += 1;
        println!("{}: {entries} entries, head {head}", company.slug);
        for tampering in &tamperings {
            println!("{}: {tampering}", company.slug);
        }
        found += tamperings.len();
    }
    match (verified, found) {
        (0, _) => Err("there is no such company".into()),
        (_, 0) => Ok(()),
        (_, found) => Err(format!("{found} faults found").into()),
    }
}

/// Entries, hash of the head and faults of one chain, read in one snapshot and constant memory.
async fn verify(
    db: &Database,
    tenant: TenantId,
) -> Result<(i64, String, Vec<persistence::audit::Tampering>), DbError> {
    db.snapshot(tenant, |store| {
        let mut verifier = Verifier::default();
        let mut after = None;
        let mut entries = 0;
        loop {
            let page = Page { limit: CHUNK, after, updated_since: None };
            let chunk = store.audit_entries(&AuditFilter::default(), &page)?;
            let Some(last) = chunk.last() else { break };
            after = Some(After::Position(last.position));
            entries += chunk.len() as i64;
            chunk.iter().for_each(|entry| verifier.check(entry));
        }
        let (position, hash) = store.audit_head()?;
        let head = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((entries, head, verifier.finish(position, &hash)))
    })
    .await
}
