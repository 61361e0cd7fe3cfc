//! Runs the program itself, for tests that need it as a process.

#[test]
#[ignore = "is the program, not a test"]
fn evenhand() {
    tests::process::evenhand();
}
