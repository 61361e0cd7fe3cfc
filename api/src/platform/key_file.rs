//! The key file: the only secret of an installation outside its database. Without this file, a
//! person who can read or write the database can neither decrypt the wrapped keys nor sign as this
//! program, unless they delete every wrapped key and let the program start anew. All replicas share
//! the file. It is created only if nothing in the database is wrapped yet.

use crate::platform::app::seed;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The beginning of a key file: the kind of file and the version of its format.
const MARK: &str = "evenhand-key-1 ";

/// Permission bits of everybody except the owner.
const OTHERS: u32 = 0o077;

/// Permission bits that a file owned by root must not have; its group may read it.
const OTHERS_OF_ROOT: u32 = 0o037;

/// Maximum length of a key file in bytes; anything longer is not read completely.
const LONGEST: u64 = 256;

/// The secret of an installation, from which a key is derived for each purpose.
#[derive(Clone)]
pub struct KeyFile {
    secret: [u8; 32],
}

/// Reason why no key can be read from a file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file does not exist.
    #[error("the key file {0} is missing: it is the one that the database was made with")]
    Missing(PathBuf),
    /// The file cannot be read or created.
    #[error("the key file {0}: {1}")]
    Io(PathBuf, io::Error),
    /// The file contains something else.
    #[error("the file {0} is not a key file of this program")]
    Malformed(PathBuf),
    /// Other users may read or write the file, and this program may not change that.
    #[error("the key file {0} is open to others: {1:o} instead of 600")]
    Open(PathBuf, u32),
}

impl KeyFile {
    /// Reads the file, or creates one with a new secret if there is none; returns whether it did.
    /// If several processes start at once, one creates it and all read the same secret. Use it only
    /// for a database in which nothing is wrapped yet.
    ///
    /// # Errors
    /// Those of [`KeyFile::open`], or the folder cannot be written.
    pub fn open_or_create(path: &Path) -> Result<(Self, bool), KeyFileError> {
        match Self::open(path) {
            Err(KeyFileError::Missing(_)) => {
                let is_made = create(path).map_err(|error| KeyFileError::Io(path.into(), error))?;
                Ok((Self::open(path)?, is_made))
            }
            opened => Ok((opened?, false)),
        }
    }

    /// Removes a file that was just created and with which nothing is wrapped.
    ///
    /// # Errors
    /// The folder cannot be written any more.
    pub fn discard(path: &Path) -> Result<(), KeyFileError> {
        fs::remove_file(path).map_err(|error| KeyFileError::Io(path.into(), error))
    }

    /// Reads the file. If this user owns it and others may read or write it, their permissions are
    /// removed.
    ///
    /// # Errors
    /// Those of [`KeyFile::read`], or others may read or write the file and this user does not own
    /// it. If root owns the file, this user's group may read it, as secrets are mounted into
    /// containers.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let opened = Self::read(path)?;
        narrow(path)?;
        Ok(opened)
    }

    /// Reads the file without changing its permissions.
    ///
    /// # Errors
    /// It is missing, cannot be read, or contains something else.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
            _ => KeyFileError::Io(path.to_owned(), error),
        };
        let file = File::open(path).map_err(failed)?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
        let secret = text.trim_end().strip_prefix(MARK).and_then(|text| BASE64.decode(text).ok());
        let secret = secret.and_then(|bytes| bytes.try_into().ok());
        secret.map(|secret| Self { secret }).ok_or_else(|| KeyFileError::Malformed(path.to_owned()))
    }

    /// The key for one purpose, by HKDF-SHA-256. It discloses neither the secret nor the key for
    /// any other purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let secret = Salt::new(HKDF_SHA256, MARK.as_bytes()).extract(&self.secret);
        secret
            .expand(&[purpose.as_bytes()], HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut key))
            .expect("HKDF gives a key as long as its digest");
        key
    }
}

/// Makes sure that no other user can read or write a file.
fn narrow(path: &Path) -> Result<(), KeyFileError> {
    let metadata = fs::metadata(path).map_err(|error| KeyFileError::Io(path.to_owned(), error))?;
    let mode = metadata.mode() & 0o777;
    let is_mounted = metadata.uid() == 0 && mode & OTHERS_OF_ROOT == 0;
    if mode & OTHERS == 0 || fs::set_permissions(path, Permissions::from_mode(0o600)).is_ok() {
        return Ok(());
    }
    if is_mounted { Ok(()) } else { Err(KeyFileError::Open(path.to_owned(), mode)) }
}

/// Creates a file with a new secret, unless one exists by then; returns whether it did. The file
/// gets its name only when it is complete and on disk, so that other processes read all of it or
/// nothing.
fn create(path: &Path) -> io::Result<bool> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", crate::platform::app::new_id().simple()));
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = writeln!(file, "{MARK}{}", BASE64.encode(seed())).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        linked => linked.map(|()| true),
    });
    fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("evenhand-key-{}", crate::platform::app::new_id().simple());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("key")
        }

        fn mode(&self) -> u32 {
            fs::metadata(self.file()).unwrap().mode() & 0o777
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn one_file_gives_the_same_keys_again_and_one_for_each_purpose() {
        let folder = Folder::new();
        let (first, is_made) = KeyFile::open_or_create(&folder.file()).unwrap();
        let (again, is_made_again) = KeyFile::open_or_create(&folder.file()).unwrap();
        assert!(is_made && !is_made_again);
        assert_eq!(first.derive("heads"), again.derive("heads"));
        assert_ne!(first.derive("heads"), first.derive("tokens"));
        let other = Folder::new();
        let (other, _) = KeyFile::open_or_create(&other.file()).unwrap();
        assert_ne!(first.derive("heads"), other.derive("heads"));
    }

    #[test]
    fn of_many_that_start_at_once_one_makes_it() {
        let folder = Folder::new();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let open = || KeyFile::open_or_create(&folder.file()).unwrap();
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let keys: Vec<_> = opened.iter().map(|(file, _)| file.derive("heads")).collect();
        assert!(keys.iter().all(|key| key == &keys[0]));
        assert_eq!(opened.iter().filter(|(_, is_made)| *is_made).count(), 1);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn it_is_its_owners_alone() {
        let folder = Folder::new();
        KeyFile::open_or_create(&folder.file()).unwrap();
        assert_eq!(folder.mode(), 0o600);
        fs::set_permissions(folder.file(), Permissions::from_mode(0o664)).unwrap();
        KeyFile::open(&folder.file()).unwrap();
        assert_eq!(folder.mode(), 0o600, "narrowed");
    }

    #[test]
    fn where_one_is_missing_none_is_made() {
        let folder = Folder::new();
        assert!(matches!(KeyFile::open(&folder.file()), Err(KeyFileError::Missing(_))));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = Folder::new();
        for text in ["", "evenhand-key-1 AAAA\n", "something else", &"x".repeat(1000)] {
            fs::write(folder.file(), text).unwrap();
            let opened = KeyFile::open_or_create(&folder.file());
            assert!(matches!(opened, Err(KeyFileError::Malformed(_))), "{text:?}");
            assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
        }
        let nowhere = folder.0.join("missing").join("key");
        assert!(matches!(KeyFile::open_or_create(&nowhere), Err(KeyFileError::Io(..))));
    }
}
