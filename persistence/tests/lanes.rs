//! Units of work that share a lane: what is kept, what is not, and the chain they write.

use chrono::{DateTime, Utc};
use domain::access::tenant::Tenant;
use domain::core::change::{Change, Record};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use domain::people::org::Position;
use persistence::{
    AuditFilter, Context, Database, DbError, EventFilter, Lists, Options, Page, Store,
    audit::{Signature, verify},
};
use std::time::Duration;
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(1);

fn now() -> Timestamp {
    DateTime::<Utc>::from_timestamp(1_795_000_000, 0).expect("a valid instant")
}

fn context(number: u128) -> Context {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&number.to_be_bytes());
    Context {
        tenant: TenantId::from(TENANT),
        actor_kind: "system",
        actor_id: None,
        on_behalf_of: None,
        request_id: format!("request-{number}"),
        now: now(),
        seed,
    }
}

fn add_position(store: &mut dyn Store, number: u128) -> Result<(), DbError> {
    let id = Uuid::from_u128(1000 + number).into();
    let position = Position {
        id,
        code: format!("P{number}"),
        title: "Tester".into(),
        level: 1,
        version: 1,
        created_at: now(),
        updated_at: now(),
        deleted_at: None,
    };
    let record = Record::new("position.created", id, "test").field("level", None::<i32>, 1);
    store.create(Change::new(position, record))
}

fn reopen(folder: &std::path::Path) -> Database {
    let url = format!("sqlite://{}", folder.join("lanes.sqlite").display());
    Database::migrate(&url).expect("migrations run");
    let options = Options { url, readers: 4, queue: 256, wait: Duration::from_secs(2) };
    Database::open(&options).expect("the database opens")
}

async fn open(folder: &std::path::Path) -> Database {
    let db = reopen(folder);
    let tenant = Tenant {
        id: TENANT.into(),
        slug: "test".into(),
        name: "Test".into(),
        locale: "en".into(),
        time_zone: "UTC".into(),
        version: 1,
        created_at: now(),
        updated_at: now(),
    };
    db.write(context(0), move |store| {
        let record = Record::new("tenant.created", TENANT, "test");
        store.create_tenant(Change::new(tenant.clone(), record))
    })
    .await
    .expect("the tenant is made");
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_fails_takes_no_other_down_and_leaves_no_trace() {
    let folder = std::env::temp_dir().join(format!("evenhand-lanes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let db = open(&folder).await;

    let units = (1..=200_u128).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let done = db.write(context(number), move |store| {
                add_position(store, number)?;
                match number % 10 {
                    0 => Err(DbError::Stale),
                    1 => panic!("planned"),
                    2 => add_position(store, number),
                    _ => Ok(()),
                }
            });
            (number, done.await)
        })
    });
    for unit in units.collect::<Vec<_>>() {
        let (number, done) = unit.await.expect("the task ends");
        match number % 10 {
            0 => assert!(matches!(done, Err(DbError::Stale)), "{number}: {done:?}"),
            1 => assert!(matches!(done, Err(DbError::Panicked(_))), "{number}: {done:?}"),
            2 => assert!(matches!(done, Err(DbError::Duplicate { .. })), "{number}: {done:?}"),
            _ => assert!(done.is_ok(), "{number}: {done:?}"),
        }
    }

    let page = Page { limit: 1000, after: None, updated_since: None };
    let (positions, entries, events) = db
        .snapshot(TENANT.into(), move |store| -> Result<_, DbError> {
            Ok((
                Lists::<Position>::list(store, &page)?,
                store.audit_entries(&AuditFilter::default(), &page)?,
                store.events(&EventFilter::default(), 1000)?,
            ))
        })
        .await
        .expect("everything can be read");
    assert_eq!(positions.len(), 140);
    assert_eq!(entries.len(), 141);
    let numbers: Vec<i64> = events.iter().map(|event| event.position).collect();
    assert_eq!(numbers, (1..=141).collect::<Vec<i64>>());
    let signer = |_: &[u8], _: &[u8], _: &[u8]| Signature::Ours;
    let report =
        db.snapshot(TENANT.into(), move |store| verify(store, TENANT.into(), &[], &signer));
    assert_eq!(report.await.expect("it can be followed").found, []);
    // Reading connections may still be closing.
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test]
async fn what_was_queued_is_kept_when_the_database_is_closed() {
    let folder = std::env::temp_dir().join(format!("evenhand-close-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let db = open(&folder).await;
    for number in 1..=50 {
        let unit = db.write(context(number), move |store| add_position(store, number));
        // The unit is queued, but nobody waits for its result.
        let _ = tokio::time::timeout(Duration::ZERO, unit).await;
    }
    drop(db);
    // SQLite removes the log with the last connection.
    assert!(!folder.join("lanes.sqlite-wal").exists(), "a connection was left open");

    let page = Page { limit: 1000, after: None, updated_since: None };
    let kept: Result<Vec<Position>, _> =
        reopen(&folder).read(TENANT.into(), move |store| store.list(&page)).await;
    assert_eq!(kept.expect("the positions can be read").len(), 50);
    // Reading connections may still be closing.
    let _ = std::fs::remove_dir_all(&folder);
}
