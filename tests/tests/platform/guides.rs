//! The guides: their commands are run, one after the other, on the company that a reader tries them
//! on.

use std::path::Path;
use std::process::Command;
use tests::app::TestDatabase;
use tests::process::ServerProcess;
use tests::{TestApp, on_each_engine};

on_each_engine![the_commands_of_every_guide_work];

fn the_commands_of_every_guide_work(app: &TestApp) {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let pages = std::fs::read_dir(guides).expect("the guides").map(|page| page.expect("a page"));
    for page in pages {
        let text = std::fs::read_to_string(page.path()).expect("a page");
        let database = TestDatabase::empty(app.engine);
        let server = ServerProcess::demo(&database.url);
        let folder = std::env::temp_dir().join(format!("guide-{}", server.address.port()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let done = Command::new("bash")
            .args(["-euxo", "pipefail", "-c", &commands(&text)])
            .env("API", format!("http://{}/v1", server.address))
            .current_dir(&folder)
            .output()
            .expect("bash, curl and jq are installed");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", page.path().display());
        std::fs::remove_dir_all(folder).expect("remove the folder");
    }
}

/// The shell commands of a page.
fn commands(page: &str) -> String {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.collect::<Vec<_>>().join("\n")
}
