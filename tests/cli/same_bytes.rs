//! The same input gives the same bytes, whatever the number of threads.

use std::fs;

use crate::command::{fixture, run};

#[test]
fn the_number_of_threads_changes_no_byte() {
    let mut names: Vec<String> = fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        for arguments in [
            &["--message-format", "json"][..],
            &["--message-format", "human"],
            &["inventory", "--message-format", "json"],
        ] {
            let with_threads = |threads: &str| {
                let mut arguments = arguments.to_vec();
                arguments.extend(["--threads", threads, "--min-confidence", "low"]);
                run(&fixture(&name), &arguments)
            };
            let one = with_threads("1");
            for threads in ["2", "8"] {
                let many = with_threads(threads);
                assert_eq!(many.out, one.out, "{name} {arguments:?} {threads} threads");
                assert_eq!(many.code, one.code, "{name} {arguments:?}");
            }
        }
    }
}
