//! Rebuilds the crate when a migration changes: `embed_migrations!` does not say so itself.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
