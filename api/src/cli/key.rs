//! `evenhand key`: rotates the keys that sign tokens.

use super::{nowhere, open};
use crate::platform::caller::system_context;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::keys::Keys;
use std::error::Error;

/// Commands for signing keys.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create a new key. It signs after a few seconds; the old keys still verify.
    Rotate(Settings),
    /// Retire a key: access tokens, refresh tokens and cursors it signed are no longer accepted.
    Retire {
        /// Name of the key, as printed by `rotate`.
        kid: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs the command.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let now = Clock::default().now();
    match command {
        Command::Rotate(settings) => {
            let db = open(&settings)?;
            let (_, keys) = Keys::open(&db, &settings.key_file(), now).await?;
            let kid = keys.rotate(&db, now).await?;
            println!("{kid} will sign in a few seconds; these keys verify until they are retired:");
            for key in db.read(nowhere(), |store| store.signing_keys()).await? {
                println!("{} made {}", key.kid, key.created_at);
            }
        }
        Command::Retire { kid, settings } => {
            let db = open(&settings)?;
            let keys = db.read(nowhere(), |store| store.signing_keys()).await?;
            if keys.iter().all(|key| key.kid == kid) {
                return Err("no key would be left; rotate first".into());
            }
            let context = system_context(nowhere(), now);
            let retire =
                move |store: &mut dyn persistence::Store| store.retire_signing_key(&kid, now);
            if !db.write(context, retire).await? {
                return Err("there is no such key, or it is already retired".into());
            }
        }
    }
    Ok(())
}
